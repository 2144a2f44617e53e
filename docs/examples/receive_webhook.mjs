// A webhook receiver in Node's standard library alone: checks the signature, drops repeats, prints what happened.
//
// node docs/examples/receive_webhook.mjs PORT SECRET

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const OLDEST_SECONDS = 300;

/** Whether `body` was signed with `secret` (Standard Webhooks 1.0) within the last five minutes. */
function isGenuine(secret, headers, body) {
  const id = headers["webhook-id"] ?? "", stamp = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(stamp) || Math.abs(Date.now() / 1000 - Number(stamp)) > OLDEST_SECONDS) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${stamp}.`).update(body).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((mark) => {
    const given = Buffer.from(mark.replace(/^v1,/, ""), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const [port, secret] = process.argv.slice(2);
const seen = new Set();

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const genuine = isGenuine(secret, request.headers, body);
  response.writeHead(genuine ? 204 : 401).end();
  const id = request.headers["webhook-id"];
  if (genuine && !seen.has(id)) {
    seen.add(id);
    const told = JSON.parse(body);
    console.log(told.event, "-", told.incident?.title ?? "a test");
  }
}).listen(Number(port), "127.0.0.1");
