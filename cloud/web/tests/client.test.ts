import { describe, expect, it } from "vitest";
import { address, eventParser, known } from "@/api/client";
import { byCode } from "@/i18n/languages";
import en from "@/i18n/messages/en";
import zh from "@/i18n/messages/zh";

describe("address", () => {
  it("leaves out what is empty or unknown, and keeps zero", () => {
    expect(address("/api/v1/assets/{asset_id}/readings", { path: { asset_id: 1 }, query: { from: null, to: "", limit: 0 } })).toBe(
      "/api/v1/assets/1/readings?limit=0",
    );
  });
});

describe("eventParser", () => {
  const stream = 'event: state\ndata: {"a":1}\n\n: heartbeat\n\nevent: state\r\ndata: one\r\ndata: two\r\n\r\n';
  const whole = [
    ["state", '{"a":1}'],
    ["state", "one\ntwo"],
  ];
  it("gives the same events however the stream is cut", () => {
    for (let size = 1; size <= stream.length; size++) {
      const seen: string[][] = [];
      const parse = eventParser((name, data) => seen.push([name, data]));
      for (let at = 0; at < stream.length; at += size) parse(stream.slice(at, at + size));
      expect(seen).toEqual(whole);
    }
  });
});

describe("a language", () => {
  it("is one file, by its code; Chinese comes first", () => {
    const files = { "./messages/de.ts": "Deutsch", "./messages/en.ts": "English", "./messages/zh.ts": "中文" };
    expect([...byCode(files)]).toEqual([["zh", "中文"], ["de", "Deutsch"], ["en", "English"]]);
  });
});

describe("known", () => {
  it("keeps false and zero", () => {
    expect(known({ selected: false, offset: 0, q: "", stage: null })).toEqual({ selected: false, offset: 0 });
  });
});

describe("languages", () => {
  const keys = (tree: object, path = ""): string[] =>
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === "object" ? keys(value as object, `${path}${key}.`) : [`${path}${key}`],
    );
  it("have the same keys", () => {
    expect(keys(en)).toEqual(keys(zh));
  });
  it("use the same parameters", () => {
    const flat = (tree: object): string[] =>
      Object.values(tree).flatMap((v) => (typeof v === "object" ? flat(v as object) : [String(v)]));
    const names = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    const chinese = flat(zh);
    flat(en).forEach((text, i) => expect(names(text)).toEqual(names(chinese[i] ?? "")));
  });
});
