import { defineConfig } from 'vitest/config';
import { pureRooms } from './test/architecture/rooms.ts';

// One project per lane. A lane under test/ runs its files one after another: they share a cluster, routers or the machine's clock.
const lane = (name: string, extra = {}) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], fileParallelism: false, testTimeout: 120_000, hookTimeout: 180_000, ...extra },
});

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    restoreMocks: true,
    passWithNoTests: false,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts', 'src/**/testing/**', 'src/rpc/generated/**', 'src/lab/**'],
      reporter: ['text-summary', 'json-summary'],
      // What the pure rooms promise for every input, every branch of them is tested for.
      thresholds: Object.fromEntries(pureRooms.map((room) => [`src/${room}{/**/*,}.ts`, { branches: 100 }])),
    },
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts', 'test/architecture/**/*.test.ts'], testTimeout: 30_000 } },
      lane('docs'),
      lane('fuzz'),
      lane('oracle'),
      // Every file has a network of its own, and mostly waits.
      lane('interop', { fileParallelism: true, testTimeout: 240_000 }),
      lane('envtest', { globalSetup: ['test/envtest/setup.ts'] }),
      lane('chart'),
      // Its files stand and wait most of the time, each at a cluster of its own.
      lane('faults', { fileParallelism: true }),
    ],
  },
});
