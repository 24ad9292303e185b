import type { TimerName } from '#bgp/fsm/events.ts';
import type { Clock, Timer } from '#runtime/clock.ts';

/** The timers of one machine. */
export type SessionTimers = {
  /** Sets a timer, which ends an earlier setting of it. */
  start(name: TimerName, ms: number): void;
  /** Ends all that are set. */
  stop(): void;
};

/** Makes the timers of a machine; `expired` is called for each that fires. */
export type MakeTimers = (expired: (name: TimerName) => void) => SessionTimers;

/** Timers on a clock. */
export const clockTimers =
  (clock: Clock): MakeTimers =>
  (expired) => {
    const set = new Map<TimerName, Timer>();
    return {
      start: (name, ms) => {
        set.get(name)?.cancel();
        // After a pause of our own process all timers are due at once, while the router's keepalives wait in the kernel: what arrived
        // is read first, and may set the timer anew. A slow machine is no dead router.
        const timer = clock.after(ms, () =>
          clock.soon(() => {
            if (set.get(name) !== timer) return;
            set.delete(name);
            expired(name);
          }),
        );
        set.set(name, timer);
      },
      stop: () => {
        for (const timer of set.values()) timer.cancel();
        set.clear();
      },
    };
  };
