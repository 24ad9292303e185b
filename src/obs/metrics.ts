import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Upper bounds of the latency buckets in seconds: from a tenth of a millisecond, since withdrawals take one or two. */
const latencyBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/**
 * The metrics of one process. Names start with `anycast_`; units are in the name; labels have few values (never a prefix or
 * a pod). Rooms take the metric objects that they set, so that a test can read them.
 */
export class Metrics {
  readonly #registry = new Registry();

  /** Counts events. */
  counter<Label extends string = never>(name: string, help: string, labels: readonly Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames: labels, registers: [this.#registry] });
  }

  /** Shows a value as it is now; `collect` may set it when it is asked for. */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    options: { labels?: readonly Label[]; collect?: (gauge: Gauge<Label>) => void } = {},
  ): Gauge<Label> {
    const { collect } = options;
    return new Gauge({
      name,
      help,
      labelNames: options.labels ?? [],
      registers: [this.#registry],
      ...(collect && {
        collect() {
          collect(this);
        },
      }),
    });
  }

  /** Distributes durations in seconds over buckets from 0.1 ms to 10 s. */
  latency<Label extends string = never>(name: string, help: string, labels: readonly Label[] = []): Histogram<Label> {
    return new Histogram({ name, help, labelNames: labels, buckets: latencyBuckets, registers: [this.#registry] });
  }

  /** The text that Prometheus scrapes. */
  expose(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** Content type of {@link Metrics.expose}. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Adds what every process shows about itself: memory, processor time, what its event loop waits for. */
export function processMetrics(metrics: Metrics, options: { droppedLogLines: () => number }): void {
  metrics.gauge('process_resident_memory_bytes', 'Resident memory.', { collect: (gauge) => gauge.set(process.memoryUsage.rss()) });
  metrics.gauge('process_cpu_seconds_total', 'Processor time used, user and system.', {
    collect: (gauge) => {
      const usage = process.cpuUsage();
      gauge.set((usage.user + usage.system) / 1e6);
    },
  });
  metrics.gauge('nodejs_active_resources', 'Timers, sockets and requests that the event loop waits for.', {
    labels: ['type'],
    collect: (gauge) => {
      gauge.reset();
      for (const type of process.getActiveResourcesInfo()) gauge.inc({ type });
    },
  });
  metrics.gauge('anycast_log_lines_dropped_total', 'Log lines dropped because nobody read the output fast enough.', {
    collect: (gauge) => gauge.set(options.droppedLogLines()),
  });
}
