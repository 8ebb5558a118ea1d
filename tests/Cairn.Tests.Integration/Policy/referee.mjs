// The reference implementation as a referee: one case per line in, one verdict per line out.
// node referee.mjs NODE_MODULES CASES VERDICTS
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';

const [, , modules, cases, verdicts] = process.argv;
const cedar = createRequire(`${modules}/`)('@cedar-policy/cedar-wasm/nodejs');

function judge(line) {
  const { policies, templates, templateLinks, ...request } = JSON.parse(line);
  const answer = cedar.isAuthorized({ ...request, policies: { staticPolicies: policies, templates, templateLinks } });
  if (answer.type !== 'success') {
    return { failed: answer.errors.map(e => e.message).join('; ') };
  }
  const { decision, diagnostics } = answer.response;
  return {
    decision,
    reason: diagnostics.reason.sort(),
    errors: diagnostics.errors.map(e => e.policyId).sort(),
    messages: diagnostics.errors.map(e => e.error.message),
  };
}

const lines = readFileSync(cases, 'utf8').split('\n').filter(line => line.length > 0);
writeFileSync(verdicts, lines.map(line => JSON.stringify(judge(line)) + '\n').join(''));
