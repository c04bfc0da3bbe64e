import { expect, test } from "vitest";
import { childText, document, parseXml } from "../src/xml.js";

test("text goes out and comes back as it was", () => {
  const key = `<a> & "b" 'c' \u0001\t\r\n ]]> é😀 &amp;`;
  const root = parseXml(document("Root", { Key: key, Empty: "", Absent: undefined }));
  expect(childText(root, "Key")).toBe(key);
  expect(childText(root, "Empty")).toBe("");
  expect(childText(root, "Absent")).toBeUndefined();
});

test("prefixes, attributes, comments and CDATA are understood", () => {
  const root = parseXml(
    `\ufeff<?xml version="1.0"?>\n<!-- c --><s3:Delete xmlns:s3="x"><s3:Key a='1'>a<![CDATA[<&]]>b</s3:Key><Quiet/></s3:Delete>\n`,
  );
  expect(root.name).toBe("Delete");
  expect(childText(root, "Key")).toBe("a<&b");
  expect(childText(root, "Quiet")).toBe("");
});

test.each([
  "",
  "text",
  "<a>",
  "<a></b>",
  "</a>",
  "<a/><b/>",
  "<a>&nope;</a>",
  "<a>& </a>",
  "<a>&#xd800;</a>",
  "<a>&#x110000;</a>",
  "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
  "<".repeat(100_000),
  `<${"a".repeat(1_000_000)}`,
  "<a>".repeat(1_000_000),
])("malformed document %#", (source) => {
  expect(() => parseXml(source)).toThrow(expect.objectContaining({ code: "MalformedXML" }));
});
