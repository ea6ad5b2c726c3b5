// What the TypeScript client does beyond the vectors: settings, signals, a custom `fetch`, what is printed.
// STEPUP_MFA_CLIENT is the folder of the built client.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

const client = await import(`${process.env.STEPUP_MFA_CLIENT}/dist/index.js`);
const { StepUpMfa } = client;

const USER = "31c41c16-c281-44ae-9602-8a047e3bf33d";
const GRANT = { actionType: "SENSITIVE_ACTION", userId: USER, grant: "canary-grant-77" };
const seen = [];
let server, authUrl;
let response = [200, { success: true }];

before(async () => {
  server = createServer((request, reply) => {
    seen.push(request);
    request.resume().on("end", () => {
      if (!response) return;
      reply.writeHead(response[0], { "content-type": "application/json" }).end(JSON.stringify(response[1]));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  authUrl = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen.length = 0;
  response = [200, { success: true }];
});

const caught = (promise) => promise.then(() => assert.fail("expected a rejection"), (error) => error);

test("address and key come from the environment when not passed", async () => {
  process.env.STEPUP_MFA_AUTH_URL = `${authUrl}/`;
  process.env.STEPUP_MFA_API_KEY = "canary-key-env";
  try {
    assert.deepEqual(await new StepUpMfa().verifyStepUpGrant(GRANT), { success: true });
    assert.equal(seen[0].headers.authorization, "Bearer canary-key-env");
    assert.match(seen[0].headers["user-agent"], /^stepup-mfa-client\/[0-9.]+ node\//);
    assert.deepEqual(await new StepUpMfa({ apiKey: "other" }).verifyStepUpGrant(GRANT), { success: true });
    assert.equal(seen[1].headers.authorization, "Bearer other");
  } finally {
    delete process.env.STEPUP_MFA_AUTH_URL;
    delete process.env.STEPUP_MFA_API_KEY;
  }
});

test("options are checked, and none is quoted that may be a secret", () => {
  const wrong = [
    [{}, ["authUrl", "apiKey"]],
    ...["auth.example.com", "ftp://x", "http://u:p@x", "http://x?a=b", "http://x#a", "http://"].map((url) => [
      { authUrl: url, apiKey: "key" }, ["authUrl"],
    ]),
    ...["canary key", "canary\nkey", "canary\u00e9"].map((key) => [{ authUrl, apiKey: key }, ["apiKey"]]),
    ...[0, -1, Infinity, NaN, 2 ** 31, "5"].map((timeoutMs) => [{ authUrl, apiKey: "key", timeoutMs }, ["timeoutMs"]]),
    ...[-1, 1.5, 11].map((retries) => [{ authUrl, apiKey: "key", retries }, ["retries"]]),
    ...["Authorization", "content-length", "Transfer-Encoding", "a b", ""].map((name) => [
      { authUrl, apiKey: "key", headers: { [name]: "canary" } }, ["headers"],
    ]),
    [{ authUrl, apiKey: "key", headers: { a: "canary\r\nb: c" } }, ["headers"]],
  ];
  for (const [options, problems] of wrong) {
    assert.throws(() => new StepUpMfa(options), (error) => {
      assert.ok(error instanceof client.InvalidArgumentError);
      assert.deepEqual(Object.keys(error.problems), problems);
      assert.ok(!inspect(error).includes("canary"));
      return true;
    });
  }
});

test("a custom header replaces a default one, whatever its case", async () => {
  const auth = new StepUpMfa({ authUrl, apiKey: "key", headers: { "User-Agent": "mine/1" } });
  await auth.verifyStepUpGrant(GRANT);
  assert.equal(seen[0].headers["user-agent"], "mine/1");
});

test("a client prints no key, is no promise, and keeps its settings to itself", async () => {
  const auth = new StepUpMfa({ authUrl, apiKey: "canary-key" });
  const shown = inspect(auth, { depth: 9, showHidden: true }) + JSON.stringify(auth) + String(auth);
  assert.ok(!shown.includes("canary"));
  assert.equal(await auth, auth);
});

test("a result with a secret prints stars, and is otherwise a plain object", async () => {
  const auth = new StepUpMfa({ authUrl, apiKey: "key" });
  response = [200, { step_up_grant: "canary-issued" }];
  const result = await auth.verifySmsChallenge({ challengeId: "c", userId: USER, code: "canary-code" });
  assert.equal(result.stepUpGrant, "canary-issued");
  assert.deepEqual({ ...result }, { stepUpGrant: "canary-issued" });
  assert.deepEqual(Object.keys(result), ["stepUpGrant"]);
  assert.equal(inspect(result), "{ stepUpGrant: '***' }");
  assert.equal(JSON.stringify({ result }), '{"result":{"stepUpGrant":"***"}}');
});

test("field errors go by the names of the arguments", async () => {
  const auth = new StepUpMfa({ authUrl, apiKey: "key" });
  response = [400, {
    error_code: "invalid_request_fields",
    field_errors: { action_type: "required", body: "x", brand_new: "y" },
    user_facing_errors: { user_id: "Say who." },
  }];
  const error = await caught(auth.verifyStepUpGrant(GRANT));
  assert.ok(error instanceof client.InvalidRequestFieldsError);
  assert.ok(error instanceof client.ApiError && error instanceof client.StepUpMfaError && error instanceof Error);
  assert.deepEqual(error.fieldErrors, { actionType: "required", body: "x", brand_new: "y" });
  assert.deepEqual(error.userFacingErrors, { userId: "Say who." });
  assert.equal(error.body.field_errors.action_type, "required");
  assert.equal(error.name, "InvalidRequestFieldsError");
  assert.match(error.message, /^verifyStepUpGrant: status 400: invalid_request_fields action_type=required/);
});

test("an aborted call is not retried", async () => {
  const auth = new StepUpMfa({ authUrl, apiKey: "key" });
  const before = await caught(auth.fetchUserMfaMethods(USER, { signal: AbortSignal.abort() }));
  assert.ok(before instanceof client.NotSentError);
  assert.equal(seen.length, 0);
  response = undefined;
  const controller = new AbortController();
  const call = caught(auth.fetchUserMfaMethods(USER, { signal: controller.signal }));
  while (seen.length === 0) await sleep(5);
  controller.abort();
  const error = await call;
  assert.ok(error instanceof client.NoAnswerError && !(error instanceof client.NotSentError) && !error.timedOut);
  assert.equal(seen.length, 1);
});

test("a custom fetch makes the requests, and its redirects are not followed", async () => {
  const calls = [];
  const mine = async (url, init) => {
    calls.push([url, init.method, init.redirect]);
    // The response of runtimes that hide redirects.
    return { status: 0, headers: new Headers(), body: null };
  };
  const auth = new StepUpMfa({ authUrl, apiKey: "key", fetch: mine });
  const error = await caught(auth.verifyStepUpGrant(GRANT));
  assert.ok(error instanceof client.UnexpectedAnswerError);
  assert.match(error.message, /redirects are not followed/);
  assert.equal(calls.length, 1);
  assert.deepEqual(calls[0].slice(1), ["POST", "manual"]);
  assert.ok(calls[0][0].startsWith(`${authUrl}/api/`));
});

test("an exception of fetch is reported by its code, and quotes nothing that was sent", async () => {
  const failing = (cause) => async () => {
    throw Object.assign(new TypeError("fetch failed: canary-key"), { cause });
  };
  const outcomes = [
    [{ code: "ECONNREFUSED", syscall: "connect" }, client.NotSentError, 3],
    [{ code: "ENOTFOUND", syscall: "getaddrinfo" }, client.NotSentError, 3],
    [{ code: "DEPTH_ZERO_SELF_SIGNED_CERT" }, client.NotSentError, 3],
    [{ errors: [{ syscall: "connect" }, { syscall: "connect" }] }, client.NotSentError, 3],
    [{ errors: [{ syscall: "connect" }, { syscall: "write" }] }, client.NoAnswerError, 1],
    [{ code: "ECONNRESET", syscall: "read" }, client.NoAnswerError, 1],
    [{ code: "ETIMEDOUT", syscall: "read" }, client.NoAnswerError, 1],
    [undefined, client.NoAnswerError, 1],
  ];
  for (const [cause, type, tries] of outcomes) {
    let count = 0;
    const throwing = failing(cause);
    const auth = new StepUpMfa({ authUrl, apiKey: "canary-key", fetch: () => (count++, throwing()) });
    const error = await caught(auth.verifyStepUpGrant(GRANT));
    assert.equal(error.constructor, type);
    assert.equal(count, tries);
    assert.ok(!inspect(error, { depth: 9 }).includes("canary"));
  }
});

test("without arguments a call rejects, and does not throw", async () => {
  const auth = new StepUpMfa({ authUrl, apiKey: "key" });
  for (const input of [undefined, null, 5, "x", [], { grant: "g" }, Object.create(GRANT)]) {
    const error = await caught(auth.verifyStepUpGrant(input));
    assert.ok(error instanceof client.InvalidArgumentError);
    assert.equal(error.problems.userId, "is missing");
  }
  assert.equal(seen.length, 0);
});
