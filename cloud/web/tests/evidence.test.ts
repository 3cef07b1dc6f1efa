import { describe, expect, it } from "vitest";
import { fileName, pathOf } from "@/api/client";
import { bookOf, placeOf } from "@/evidence";

describe("a row of evidence opens where it came from", () => {
  it.each([
    ["asset:12", { name: "asset", params: { id: "12" } }],
    ["asset:12/day:2026-11-23", { name: "asset", params: { id: "12" }, query: { day: "2026-11-23" } }],
    ["room:A-301", { name: "assets", query: { school: "2133100001", room: "A-301" } }],
    ["count:X-1", { name: "assets", query: { school: "2133100001", q: "X-1" } }],
    ["ticket:T-7", null],
    ["school", null],
  ])("%s", (ref, place) => {
    expect(placeOf(ref, "2133100001")).toEqual(place);
  });
  it("or says in which book it stands", () => {
    expect(bookOf("ticket:T-7")).toEqual({ book: "ticket", number: "T-7" });
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
