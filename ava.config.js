export default {
  extensions: { ts: 'module' },
  files: ['test/**/*.test.ts'],
  require: ['./test/run/test-process.ts'],
  timeout: '2m',
  workerThreads: false,
}
