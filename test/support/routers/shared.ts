/**
 * Lets callers share the answers to a question: whoever asks gets one that was begun after they asked, and at most one is under
 * way. Eight sessions that are waited for at once are then two questions to the router, not eight.
 */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    next = undefined;
    running = ask().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined && next === undefined) return begin();
    next ??= (running ?? Promise.resolve()).then(begin, begin);
    return next;
  };
}
