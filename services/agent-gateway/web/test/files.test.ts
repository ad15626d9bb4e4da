// What may be sent on which channel, and why not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limitsOf, troubleOf, type Upload } from "../src/files.ts";

const MIB = 1024 * 1024;

function there(size: number): Upload {
  return { key: "k", name: "a", size, state: "there", share: 1 };
}

test("a call carries no files, a text less than a mail, and none before the server has said", () => {
  assert.deepEqual(
    (["voice", "callback", "sms", "email", "chat"] as const).map((channel) => limitsOf({ channel, channel_name: channel }, 10 * MIB)?.bytes),
    [undefined, undefined, 5 * MIB, 10 * MIB, 10 * MIB],
  );
  assert.equal(limitsOf({ channel: "chat", channel_name: "chat" }, 0), undefined);
  assert.deepEqual(limitsOf({ channel: "sms", channel_name: "whatsapp" }, 20 * MIB), { count: 1, bytes: 16 * MIB });
});

test("files are weighed together, and counted", () => {
  const limits = { count: 2, bytes: 100 };
  assert.equal(troubleOf(0, [], limits), "files.empty");
  assert.equal(troubleOf(100, [], limits), undefined);
  assert.equal(troubleOf(51, [there(50)], limits), "files.too_large");
  assert.equal(troubleOf(1, [there(1), there(1)], limits), "files.too_many");
});
