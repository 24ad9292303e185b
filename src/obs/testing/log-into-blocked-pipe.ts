import { createLog } from '../logger.ts';

/** Logs for ten seconds into a standard output that nobody reads, and reports on standard error how late a timer was at worst. */
const { logger, dropped } = createLog({ level: 'info' });
const startMs = performance.now();
const text = 'x'.repeat(1000);
let lastMs = startMs;
let worstGapMs = 0;

const timer = setInterval(() => {
  const nowMs = performance.now();
  worstGapMs = Math.max(worstGapMs, nowMs - lastMs - 10);
  lastMs = nowMs;
  for (let line = 0; line < 8; line++) logger.info({ event: 'fill', text });
  if (nowMs - startMs < 10_100) return;
  clearInterval(timer);
  process.stderr.write(`${JSON.stringify({ worstGapMs, dropped: dropped(), blockedMs: nowMs - startMs })}\n`);
}, 10);
