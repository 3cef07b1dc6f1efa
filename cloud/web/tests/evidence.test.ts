import { describe, expect, it } from "vitest";
import { fileName } from "@/api/client";
import { tableOf, placeOf } from "@/evidence";

describe("a row of evidence opens where it came from", () => {
  it.each([
    ["asset:12", { name: "asset", params: { id: "12" } }],
    ["asset:12/day:2026-11-23", { name: "asset", params: { id: "12" }, query: { day: "2026-11-23" } }],
    ["room:A-301", { name: "records", query: { school: "2133100001", table: "rooms", row: "A-301" } }],
    ["ticket:T-7", { name: "records", query: { school: "2133100001", table: "tickets", row: "T-7" } }],
    ["count:X-1/day:2026-10-09", { name: "records", query: { school: "2133100001", table: "stocktakes", row: "X-1/2026-10-09" } }],
    ["surplus:S-1/day:2026-10-09", { name: "records", query: { school: "2133100001", table: "stocktakes", row: "S-1/2026-10-09" } }],
    ["declaration:new_books", { name: "records", query: { school: "2133100001", table: "declarations", row: "new_books" } }],
    ["records:timetable", { name: "records", query: { school: "2133100001", table: "timetable" } }],
    ["book:timetable", { name: "records", query: { school: "2133100001", table: "timetable" } }],
    ["school", { name: "records", query: { school: "2133100001", table: "schools" } }],
    ["nothing", null],
  ])("%s", (ref, place) => {
    expect(placeOf(ref, "2133100001")).toEqual(place);
  });
  it("or all the rows it is the sum of, over the same days", () => {
    const span = { start: "2026-11-16", end: "2026-11-20" };
    expect(placeOf("air:co2/A-301", "2133100001", span)?.query).toEqual({ school: "2133100001", table: "air", only: "co2/A-301", ...span });
    expect(placeOf("room:A-301", "2133100001", span)?.query).not.toHaveProperty("start");
  });
  it("and names the table that it is in", () => {
    expect(tableOf("ticket:T-7")).toEqual({ kind: "ticket", table: "tickets", number: "T-7" });
    expect(tableOf("asset:12")).toBeNull();
  });
});

describe("the header of a file", () => {
  it("names the file", () => {
    expect(fileName("attachment; filename*=UTF-8''%E5%85%AC%E7%A4%BA.pdf")).toBe("公示.pdf");
    expect(fileName(null)).toBeNull();
  });
});
