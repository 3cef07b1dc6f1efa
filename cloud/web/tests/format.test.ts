import { describe, expect, it } from "vitest";
import { age, clock, DASH, dayOf, duration, hours, number, percent, plain, score, startOf, tick } from "@/format";

describe("what is not known is a dash, never a zero", () => {
  it.each([percent(null), hours(null), number(null)])("%s", (text) => {
    expect(text).toBe(DASH);
  });
  it("keeps a real zero", () => {
    expect([percent(0), hours(0), number(0)]).toEqual(["0.0%", "0.0", "0"]);
  });
});

describe("times are those of the schools, wherever the reader is", () => {
  it("turns midnight in China into the next day", () => {
    const evening = new Date("2026-11-25T16:29:48Z");
    expect([dayOf(evening), clock(evening), clock(evening, true)]).toEqual(["2026-11-26", "00:29", "00:29:48"]);
  });
  it("begins a day in China", () => {
    expect(startOf("2026-11-26").toISOString()).toBe("2026-11-25T16:00:00.000Z");
    expect(tick(startOf("2026-11-26").getTime())).toBe("11-26");
    expect(tick(Date.parse("2026-11-26T00:10:00Z"))).toBe("08:10");
  });
});

describe("age", () => {
  const now = Date.parse("2026-03-02T10:00:00Z");
  it.each([
    ["2026-03-02T09:59:55Z", "now", 0],
    ["2026-03-02T09:59:15Z", "s", 45],
    ["2026-03-02T09:40:00Z", "m", 20],
    ["2026-03-02T04:00:00Z", "h", 6],
    ["2026-02-25T10:00:00Z", "d", 5],
    ["2026-03-02T10:00:30Z", "now", 0],
  ])("%s", (at, unit, n) => {
    expect(age(at, now)).toEqual({ unit, n });
  });
});

describe("plain", () => {
  it("shows a value as the device would", () => {
    expect(plain(230.2)).toBe("230.2");
    expect(plain(true)).toBe("true");
    expect(plain("recording")).toBe("recording");
  });
});

describe("score", () => {
  it.each([
    [84.2, "84.20"],
    [89.876, "89.87"],
    [82.49999, "82.49"],
    [0.7 * 100, "70.00"],
    [89.3699, "89.36"],
    [59.999, "59.99"],
    [89.369999999, "89.37"],
    [null, DASH],
  ])("%s is published as %s", (value, text) => {
    expect(score(value)).toBe(text);
  });
});

describe("a duration is in the unit a person would use", () => {
  it.each([
    [0, { unit: "s", n: "0" }],
    [119, { unit: "s", n: "119" }],
    [120, { unit: "min", n: "2" }],
    [7200, { unit: "h", n: "2.0" }],
    [172_800, { unit: "d", n: "2.0" }],
    [null, null],
  ])("%s s", (seconds, length) => {
    expect(duration(seconds)).toEqual(length);
  });
});
