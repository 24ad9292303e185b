/** A file that is made from others. */
export type Output = {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly content: string;
};

/** Makes files of one kind. */
export type Generator = {
  /** What is made, for people. */
  readonly name: string;
  /** A folder in which everything is made by this generator: what it does not make is stale there. Default: none. */
  readonly folder?: string;
  /** Everything that it makes. The same sources give the same bytes, on every machine. */
  outputs(): readonly Output[] | Promise<readonly Output[]>;
};
