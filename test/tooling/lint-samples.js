'use strict';

/**
 * Reads `[{ path, text }]` from the standard input and writes, for each, the messages of the rule `moql/rooms`, or of
 * the parser when the text is no TypeScript.
 */

const { resolve } = require('node:path');
const { text } = require('node:stream/consumers');

const { ESLint } = require('eslint');
const tseslint = require('typescript-eslint');

async function main() {
  const samples = JSON.parse(await text(process.stdin));
  const eslint = new ESLint({
    cwd: resolve(__dirname, '..', '..'),
    overrideConfig: tseslint.configs.disableTypeChecked,
    ruleFilter: ({ ruleId }) => ruleId === 'moql/rooms',
  });
  const answers = [];
  for (const sample of samples) {
    const [result] = await eslint.lintText(sample.text, { filePath: sample.path });
    answers.push(result.messages.map((message) => message.message));
  }
  process.stdout.write(JSON.stringify(answers));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
