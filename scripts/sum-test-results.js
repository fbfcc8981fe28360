'use strict';

/**
 * Adds up the reports of several Jest runs (`--json --outputFile`) and prints `N passed, N failed` as its only line.
 * A report that is missing or unreadable counts as one failure, as does a test file that did not load.
 *
 *   node scripts/sum-test-results.js [--failed-steps N] REPORT.json…
 *
 * Exit status: 0 nothing failed, 1 something did.
 */

const { readFileSync } = require('node:fs');

function countOf(path) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'));
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

function main(argv) {
  const flag = argv.indexOf('--failed-steps');
  const failedSteps = flag === -1 ? 0 : Number(argv[flag + 1]);
  const reports = flag === -1 ? argv : argv.toSpliced(flag, 2);

  const counts = reports.map(countOf);
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, failedSteps);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
