/**
 * The long campaign, `make fuzz`: `node test/fuzz/run.ts [--messages N] [--seed N] [--from N]`. Says how fast it goes, what it found,
 * and the seed with which it goes the same way again. Exit code 1 with findings.
 */
import { parseArgs } from 'node:util';
import { progressEvery, runCampaign } from './campaign.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: String(Date.now() % 0x7fffffff) },
    from: { type: 'string', default: '0' },
  },
});
const [messages, seed, from] = [Number(values.messages), Number(values.seed), Number(values.from)];
if (![messages, seed, from].every(Number.isSafeInteger)) {
  console.error('--messages, --seed and --from are whole numbers');
  process.exit(2);
}

const startedMs = performance.now();
const perSecond = (done: number): number => Math.round((done * 1_000) / (performance.now() - startedMs));
const memoryMb = (): number => Math.round(process.memoryUsage().rss / 1_000_000);
console.log(`seed ${seed}: ${messages} messages from number ${from}, progress every ${progressEvery}`);
const { done, findings, outcomes, sessions } = runCampaign({
  seed,
  messages,
  from,
  progress: (count) => console.log(`${count} messages, ${perSecond(count)}/s, ${memoryMb()} MB`),
});
for (const { index, what, frame, context } of findings) console.log(`\nnumber ${index}: ${what}\n  in ${context}\n  ${frame}`);
console.log(`outcomes ${JSON.stringify(outcomes)}, ${sessions} sessions, peak ${Math.round(process.resourceUsage().maxRSS / 1_000)} MB`);
console.log(`${done} messages, seed ${seed}, ${perSecond(done)} messages/s, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
