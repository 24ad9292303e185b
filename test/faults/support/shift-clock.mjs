// Loaded in front of a program (node --import): its wall clock is off by what the file CLOCK_SHIFT_FILE says, in milliseconds, as
// soon as SIGUSR2 comes. Monotonic time is the kernel's and stays, as when somebody sets the machine's clock.
import { readFileSync } from 'node:fs';

const RealDate = Date;
let shiftMs = 0;

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + shiftMs);
    else super(...parts);
  }

  static now() {
    return RealDate.now() + shiftMs;
  }
};

process.on('SIGUSR2', () => {
  shiftMs = Number(readFileSync(process.env.CLOCK_SHIFT_FILE, 'utf8'));
});
