/**
 * `npm run bench -- bgp`: our speaker, from its bundle, beside ExaBGP, GoBGP and BIRD as announcers into one sink that only
 * counts; and our speaker into BIRD and FRR. Time counts from the first KEEPALIVE (Established) to the last prefix.
 *
 * `--only announce,sets,sessions,latency,withdraw,refresh,keepalive,routers` runs some of it, `--prefixes 10000,100000` some
 * sizes, `--announcers anycast,bird` some programs; `--full yes` all sizes, for half an hour. A daemon that is not installed is said.
 */
import { run } from '../test/support/processes.ts';
import { announcers, anycast } from './bgp/announcers.ts';
import { keepalives, latency, refreshReply, withdrawals } from './bgp/changes.ts';
import { intoBird, intoFrr } from './bgp/routers.ts';
import { type Row, throughput } from './bgp/throughput.ts';
import type { Bench } from './run.ts';

const holdTimeSeconds = 90;

type Plan = {
  readonly sizes: readonly number[];
  readonly programs: readonly string[];
  readonly full: boolean;
  readonly repeats: number;
};

type Case = (plan: Plan) => AsyncGenerator<Row>;

const cases: Readonly<Record<string, Case>> = {
  announce: async function* ({ sizes, programs, full, repeats }) {
    for (const prefixes of sizes) {
      for (const announcer of announcers) {
        // A daemon takes a minute for a million.
        const ours = announcer === anycast;
        if (!programs.includes(announcer.name) || (prefixes > 100_000 && !ours && !full)) continue;
        for (let repeat = 0; repeat < (ours ? repeats : 1); repeat++) {
          yield throughput(announcer, { prefixes, attributeSets: 1, sessions: 1, holdTimeSeconds });
        }
        if (ours) yield throughput(announcer, { prefixes, attributeSets: 1, sessions: 1, holdTimeSeconds }, true);
      }
    }
  },
  sets: async function* ({ sizes, programs }) {
    for (const prefixes of sizes.filter((size) => size <= 100_000)) {
      for (const attributeSets of [1_000, prefixes]) {
        for (const announcer of announcers) {
          if (programs.includes(announcer.name)) yield throughput(announcer, { prefixes, attributeSets, sessions: 1, holdTimeSeconds });
        }
      }
    }
  },
  sessions: async function* ({ programs, full }) {
    for (const sessions of [16, 100]) {
      for (const announcer of announcers) {
        // ExaBGP's configuration names every route once for each session: minutes.
        const slow = announcer.name === 'exabgp' && !full;
        if (programs.includes(announcer.name) && !slow) {
          yield throughput(announcer, { prefixes: 10_000, attributeSets: 1, sessions, holdTimeSeconds });
        }
      }
    }
  },
  latency: async function* () {
    yield* latency();
  },
  withdraw: async function* ({ sizes }) {
    yield* withdrawals(sizes);
  },
  refresh: async function* ({ sizes }) {
    yield* refreshReply(sizes);
  },
  keepalive: async function* () {
    yield await keepalives();
  },
  routers: async function* ({ sizes }) {
    for (const prefixes of sizes) {
      yield await intoBird(prefixes);
      yield await intoFrr(prefixes);
    }
  },
};

export const bench: Bench = async (options, say) => {
  const full = options['full'] === 'yes';
  const sizes = (options['prefixes'] ?? '10000,100000,1000000').split(',').map(Number);
  const programs = (options['announcers'] ?? announcers.map(({ name }) => name).join(',')).split(',');
  const only = (options['only'] ?? Object.keys(cases).join(',')).split(',');
  const repeats = Number(options['repeats'] ?? 3);
  await run([process.execPath, 'tools/bundle.ts'], { withinMs: 120_000 });
  const results: Row[] = [];
  for (const name of only) {
    for await (const row of cases[name]?.({ sizes, programs, full, repeats }) ?? []) {
      say(JSON.stringify(row));
      results.push(row);
    }
  }
  return {
    params: { only: only.join(), prefixes: sizes.join(), announcers: programs.join(), full: full ? 'yes' : 'no', repeats },
    results,
  };
};
