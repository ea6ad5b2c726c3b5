/** Every operation against a server that answers as told, over a real socket. Needs `npm run build` before. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import { inspect } from "node:util";

import * as client from "../dist/index.js";

const KEY = "canary-key-5f1d0c";
const OPERATIONS = [
  {
    "name": "fetchUserMfaMethods",
    "method": "GET",
    "inputs": [
      "31c41c16-c281-44ae-9602-8a047e3bf33d"
    ],
    "credentials": [
      "Authorization",
      "Bearer "
    ],
    "repeatable": true,
    "secrets": [],
    "status": 200,
    "answer": {
      "mfa_setup": {
        "type": "Totp"
      }
    },
    "issued": []
  },
  {
    "name": "verifyStepUpTotpChallenge",
    "method": "POST",
    "inputs": [
      {
        "actionType": "SENSITIVE_ACTION",
        "userId": "31c41c16-c281-44ae-9602-8a047e3bf33d",
        "code": "123456",
        "grantType": "TIME_BASED",
        "validForSeconds": 60
      }
    ],
    "credentials": [
      "Authorization",
      "Bearer "
    ],
    "repeatable": false,
    "secrets": [
      "123456"
    ],
    "status": 200,
    "answer": {
      "step_up_grant": "f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b"
    },
    "issued": [
      "f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b"
    ]
  },
  {
    "name": "sendSmsMfaCode",
    "method": "POST",
    "inputs": [
      {
        "actionType": "SENSITIVE_ACTION",
        "userId": "6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64",
        "mfaPhoneId": "cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10",
        "grantType": "TIME_BASED",
        "validForSeconds": 60
      }
    ],
    "credentials": [
      "Authorization",
      "Bearer "
    ],
    "repeatable": false,
    "secrets": [],
    "status": 200,
    "answer": {
      "challenge_id": "a7b0e75b-3a64-4c1d-b58e-90f2d7c6e153"
    },
    "issued": []
  },
  {
    "name": "verifySmsChallenge",
    "method": "POST",
    "inputs": [
      {
        "challengeId": "a7b0e75b-3a64-4c1d-b58e-90f2d7c6e153",
        "userId": "6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64",
        "code": "ABC123"
      }
    ],
    "credentials": [
      "Authorization",
      "Bearer "
    ],
    "repeatable": false,
    "secrets": [
      "ABC123"
    ],
    "status": 200,
    "answer": {
      "step_up_grant": "f1d402e76791970a3c5b8d2e4f60718293a4b5c6d7e8f90112233445566778ff"
    },
    "issued": [
      "f1d402e76791970a3c5b8d2e4f60718293a4b5c6d7e8f90112233445566778ff"
    ]
  },
  {
    "name": "verifyStepUpGrant",
    "method": "POST",
    "inputs": [
      {
        "actionType": "SENSITIVE_ACTION",
        "userId": "31c41c16-c281-44ae-9602-8a047e3bf33d",
        "grant": "f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b"
      }
    ],
    "credentials": [
      "Authorization",
      "Bearer "
    ],
    "repeatable": false,
    "secrets": [
      "f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b"
    ],
    "status": 200,
    "answer": {
      "success": true
    },
    "issued": []
  },
];

let server;
let auth;
const seen = [];
let answer = (response) => response.destroy();

before(async () => {
  server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
      answer(response);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  auth = new client.StepUpMfa({ authUrl: `http://127.0.0.1:${server.address().port}`, apiKey: KEY, timeoutMs: 2000 });
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => seen.splice(0));

const reply = (status, content, type = "application/json", headers = {}) => (response) => {
  response.writeHead(status, { ...(type ? { "content-type": type } : {}), ...headers });
  response.end(content);
};

test("wants an address and a key", () => {
  assert.throws(() => new client.StepUpMfa({ authUrl: "auth.example.com", apiKey: "a key" }), (error) => {
    assert.ok(error instanceof client.InvalidArgumentError);
    assert.deepEqual(Object.keys(error.problems), ["authUrl", "apiKey"]);
    return true;
  });
});

for (const operation of OPERATIONS) {
  describe(operation.name, () => {
    const good = JSON.stringify(operation.answer);
    const call = () => auth[operation.name](...operation.inputs);

    test("sends what the document says and returns what was answered", async () => {
      answer = operation.answer === undefined ? reply(operation.status, "", "") : reply(operation.status, good);
      const result = await call();
      assert.equal(result === undefined, operation.answer === undefined);
      assert.equal(seen.length, 1);
      assert.equal(seen[0].method, operation.method);
      if (operation.credentials) {
        const [header, prefix] = operation.credentials;
        assert.equal(seen[0].headers[header.toLowerCase()], prefix + KEY);
      }
      const shown = inspect(result, { depth: 9 }) + JSON.stringify(result);
      for (const secret of operation.issued ?? []) assert.ok(!shown.includes(secret));
    });

    test("takes nothing else for a success", async () => {
      const wrong = [
        [226, good, "application/json"], [302, good, "application/json"], [418, good, "application/json"], [599, good, "application/json"],
        [200, "<html>", "text/html"], [200, good, "text/plain"], [200, `${good}x`, "application/json"],
      ];
      for (const [status, content, type] of wrong) {
        seen.splice(0);
        answer = reply(status, content, type, { location: "/elsewhere" });
        await assert.rejects(call, client.UnexpectedAnswerError, `${status} ${type}`);
        assert.equal(seen.length, 1);
      }
    });

    test("is sent once when its answer is lost, unless it may be repeated", async () => {
      answer = (response) => response.destroy();
      await assert.rejects(call, (error) => error.name === "NoAnswerError" && !error.timedOut);
      assert.equal(seen.length, operation.repeatable ? 3 : 1);
    });

    test("shows no secret in an error", async () => {
      answer = reply(409, JSON.stringify({ echo: [KEY, ...operation.secrets] }), "application/json", {
        "x-request-id": `${KEY} ${operation.secrets.join(" ")}`,
      });
      const error = await call().catch((reason) => reason);
      assert.ok(error instanceof client.StepUpMfaError);
      const shown = inspect(error, { depth: 9 }) + JSON.stringify(error) + inspect(auth) + JSON.stringify(auth);
      for (const secret of [KEY, ...operation.secrets]) assert.ok(!shown.includes(secret));
    });
  });
}
