import { describe, expect, it } from "vitest";
import { fileName, pathOf } from "@/api/client";
import { bookOf, placeOf } from "@/evidence";

describe("a row of evidence opens where it came from", () => {
  it.each([
    ["asset:12", { name: "asset", params: { id: "12" } }],
    ["asset:12/day:2026-11-23", { name: "asset", params: { id: "12" }, query: { day: "2026-11-23" } }],
    ["room:A-301", { name: "books", query: { school: "2133100001", book: "rooms", row: "A-301" } }],
    ["ticket:T-7", { name: "books", query: { school: "2133100001", book: "tickets", row: "T-7" } }],
    ["count:X-1/day:2026-10-09", { name: "books", query: { school: "2133100001", book: "stocktakes", row: "X-1/2026-10-09" } }],
    ["surplus:S-1/day:2026-10-09", { name: "books", query: { school: "2133100001", book: "stocktakes", row: "S-1/2026-10-09" } }],
    ["declaration:new_books", { name: "books", query: { school: "2133100001", book: "declarations", row: "new_books" } }],
    ["book:timetable", { name: "books", query: { school: "2133100001", book: "timetable" } }],
    ["school", { name: "books", query: { school: "2133100001", book: "schools" } }],
    ["nothing", null],
  ])("%s", (ref, place) => {
    expect(placeOf(ref, "2133100001")).toEqual(place);
  });
  it("or all the rows it is the sum of, over the same days", () => {
    const span = { start: "2026-11-16", end: "2026-11-20" };
    expect(placeOf("air:co2/A-301", "2133100001", span)?.query).toEqual({ school: "2133100001", book: "air", only: "co2/A-301", ...span });
    expect(placeOf("room:A-301", "2133100001", span)?.query).not.toHaveProperty("start");
  });
  it("and says in which book it stands", () => {
    expect(bookOf("ticket:T-7")).toEqual({ kind: "ticket", book: "tickets", number: "T-7" });
    expect(bookOf("asset:12")).toBeNull();
  });
});

describe("what the cloud says in an answer", () => {
  it("is an address of the same cloud", () => {
    expect(pathOf("/api/v1/selections/a/schools/b/least")).toBe("/selections/a/schools/b/least");
  });
  it("names the file", () => {
    expect(fileName("attachment; filename*=UTF-8''%E5%85%AC%E7%A4%BA.pdf")).toBe("公示.pdf");
    expect(fileName(null)).toBeNull();
  });
});
