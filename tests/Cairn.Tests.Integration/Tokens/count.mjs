// node count.mjs NODE_MODULES INPUT OUTPUT: each line of the input is a JSON string; writes "o200k cl100k" counts, line by line.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
const [modules, input, output] = process.argv.slice(2);
const { get_encoding } = createRequire(modules + '/')('tiktoken');
const [newer, older] = [get_encoding('o200k_base'), get_encoding('cl100k_base')];
const lines = readFileSync(input, 'utf8').split('\n').filter(line => line.length > 0).map(line => JSON.parse(line));
writeFileSync(output, lines.map(text => `${newer.encode(text, [], []).length} ${older.encode(text, [], []).length}`).join('\n') + '\n');
