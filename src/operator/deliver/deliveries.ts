import { NodeDelivery } from './node-delivery.ts';

/** The deliveries of all nodes that speakers came from, and which of them have something to send. */
export class Deliveries {
  readonly #epoch: () => number | undefined;
  readonly #byNode = new Map<string, NodeDelivery>();
  readonly #touched = new Set<NodeDelivery>();

  /** `epoch` gives the term of this leader; undefined while another leads. */
  constructor(epoch: () => number | undefined) {
    this.#epoch = epoch;
  }

  /** The delivery of a node; made at first need. Whoever asks for it may change it: {@link flush} looks at it. */
  of(node: string): NodeDelivery {
    let delivery = this.#byNode.get(node);
    if (delivery === undefined) {
      delivery = new NodeDelivery(this.#epoch);
      this.#byNode.set(node, delivery);
    }
    this.#touched.add(delivery);
    return delivery;
  }

  /** The delivery of a node that was heard of, to look at. */
  peek(node: string): NodeDelivery | undefined {
    return this.#byNode.get(node);
  }

  /** Nodes that there is a state for. */
  nodes(): Iterable<string> {
    return this.#byNode.keys();
  }

  /** Sends what changed since the last flush: one message to each speaker that is concerned. */
  flush(): void {
    for (const delivery of this.#touched) delivery.flush();
    this.#touched.clear();
  }

  /** Forgets a node that is gone for good. */
  forget(node: string): void {
    const delivery = this.#byNode.get(node);
    if (delivery !== undefined) this.#touched.delete(delivery);
    this.#byNode.delete(node);
  }

  /** Forgets everything: another leader decides now, and what was sent is its business. */
  clear(): void {
    this.#byNode.clear();
    this.#touched.clear();
  }
}
