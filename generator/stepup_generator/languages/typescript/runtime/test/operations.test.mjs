/** Every operation against a scripted server, over a real socket. Run `npm run build` first. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import { inspect } from "node:util";

import * as client from "../dist/index.js";
import { OPERATIONS } from "./operations.mjs";

const KEY = "canary-key-5f1d0c";
let server;
let auth;
const seen = [];
let respond = (response) => response.destroy();

before(async () => {
  server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      seen.push({
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      respond(response);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  auth = new client.StepUpMfa({
    authUrl: `http://127.0.0.1:${server.address().port}`,
    apiKey: KEY,
    timeoutMs: 2000,
  });
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => seen.splice(0));

const reply =
  (status, content, type = "application/json", headers = {}) =>
  (response) => {
    response.writeHead(status, { ...(type ? { "content-type": type } : {}), ...headers });
    response.end(content);
  };

test("requires an address and a key", () => {
  assert.throws(
    () => new client.StepUpMfa({ authUrl: "auth.example.com", apiKey: "a key" }),
    (error) => {
      assert.ok(error instanceof client.InvalidArgumentError);
      assert.deepEqual(Object.keys(error.problems), ["authUrl", "apiKey"]);
      return true;
    },
  );
});

for (const operation of OPERATIONS) {
  describe(operation.name, () => {
    const good = JSON.stringify(operation.response);
    const call = () => auth[operation.name](...operation.inputs);

    test("sends the documented request and returns the response", async () => {
      respond =
        operation.response === undefined ? reply(operation.status, "", "") : reply(operation.status, good);
      const result = await call();
      assert.equal(result === undefined, operation.response === undefined);
      assert.equal(seen.length, 1);
      assert.equal(seen[0].method, operation.method);
      if (operation.credentials) {
        const [header, prefix] = operation.credentials;
        assert.equal(seen[0].headers[header.toLowerCase()], prefix + KEY);
      }
      const shown = inspect(result, { depth: 9 }) + JSON.stringify(result);
      for (const secret of operation.issued ?? []) assert.ok(!shown.includes(secret));
    });

    test("accepts nothing else as a success", async () => {
      const wrong = [
        [226, good, "application/json"],
        [302, good, "application/json"],
        [418, good, "application/json"],
        [599, good, "application/json"],
        [200, "<html>", "text/html"],
        [200, good, "text/plain"],
        [200, `${good}x`, "application/json"],
      ];
      for (const [status, content, type] of wrong) {
        seen.splice(0);
        respond = reply(status, content, type, { location: "/elsewhere" });
        await assert.rejects(call, client.UnexpectedAnswerError, `${status} ${type}`);
        assert.equal(seen.length, 1);
      }
    });

    test("is sent once when its response is lost, unless it is repeatable", async () => {
      respond = (response) => response.destroy();
      await assert.rejects(call, (error) => error.name === "NoAnswerError" && !error.timedOut);
      assert.equal(seen.length, operation.repeatable ? 3 : 1);
    });

    test("shows no secret in an error", async () => {
      respond = reply(409, JSON.stringify({ echo: [KEY, ...operation.secrets] }), "application/json", {
        "x-request-id": `${KEY} ${operation.secrets.join(" ")}`,
      });
      const error = await call().catch((reason) => reason);
      assert.ok(error instanceof client.StepUpMfaError);
      const shown =
        inspect(error, { depth: 9 }) + JSON.stringify(error) + inspect(auth) + JSON.stringify(auth);
      for (const secret of [KEY, ...operation.secrets]) assert.ok(!shown.includes(secret));
    });
  });
}
