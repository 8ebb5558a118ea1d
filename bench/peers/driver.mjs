// What all drivers share: options, payloads, the form of the answer. A driver prints one JSON object on its last line.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

export function options() {
  const read = (name, fallback) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? fallback : process.argv[at + 1];
  };
  return {
    phase: read('phase', 'all'),
    dir: read('dir'),
    runs: Number(read('runs', '1')),
    steps: Number(read('steps', '10')),
    bytes: Number(read('bytes', '1024')),
    seconds: Number(read('seconds', '60')),
    sync: read('sync', 'FULL'),
    state: read('state', 'history'),
  };
}

// Text that no store can compress or keep once for two steps.
const body = randomBytes(96 * 1024).toString('base64');
export function payload(run, step, bytes) {
  const head = `${run}/${step}/`;
  return head + body.slice((step * 31) % 4096, (step * 31) % 4096 + bytes - head.length);
}

export const now = () => Number(process.hrtime.bigint()) / 1000; // microseconds

export function diskBytes(dir) {
  return Number(execFileSync('du', ['-sk', dir], { encoding: 'utf8' }).split('\t')[0]) * 1024;
}

// At most a thousand latencies are kept, evenly thinned; the percentiles are of all.
export function latencies(all) {
  const sorted = Float64Array.from(all).sort();
  const at = (part) => (sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]);
  const every = Math.max(1, Math.ceil(all.length / 1000));
  return { p50: at(0.5), p99: at(0.99), latencies: all.filter((_, i) => i % every === 0).map((x) => Math.round(x)) };
}

export function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

// Of a package beside this file, however it was meant to be imported.
export function version(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
}
