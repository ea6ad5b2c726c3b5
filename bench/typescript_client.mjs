// CPU and wall microseconds of a call, bare fetch and ours, by turns; run by typescript_client.py, which says what they mean.
const [folder, url, key, rounds, given] = process.argv.slice(2);
const { StepUpMfa } = await import(`${folder}/dist/index.js`);
const auth = new StepUpMfa({ authUrl: url, apiKey: key });
const input = JSON.parse(given);
const wire = { action_type: input.actionType, user_id: input.userId, grant: input.grant };
const headers = { authorization: `Bearer ${key}` };

// What a careful caller would do by hand: a timeout, an error for an error status, the body parsed.
const bare = async (path, init) => {
  const response = await fetch(url + path, { ...init, signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(String(response.status));
  return await response.json();
};
const post = () => ({
  method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(wire),
});
const runs = {
  lookup: [
    () => bare(`/api/backend/v1/user/${input.userId}/mfa`, { headers }),
    () => auth.fetchUserMfaMethods(input.userId),
  ],
  "verify grant": [() => bare("/api/backend/v1/mfa/step-up/verify-grant", post()), () => auth.verifyStepUpGrant(input)],
};

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const medians = ([bare, ours]) => ({
  bare: median(bare), ours: median(ours), ratio: median(ours.map((value, index) => value / bare[index])),
});
const CALLS = 25;
const found = {};
for (const [name, calls] of Object.entries(runs)) {
  const cpu = [[], []], wall = [[], []];
  // The rounds before the first are for the compiler.
  for (let round = -40; round < Number(rounds); round++) {
    for (const [which, call] of calls.entries()) {
      const before = process.cpuUsage(), began = performance.now();
      for (let count = 0; count < CALLS; count++) await call();
      const took = performance.now() - began, { user, system } = process.cpuUsage(before);
      if (round < 0) continue;
      cpu[which].push((user + system) / CALLS);
      wall[which].push((took * 1000) / CALLS);
    }
  }
  found[name] = { cpu: medians(cpu), wall: medians(wall) };
}
console.log(JSON.stringify(found));
