/**
 * What every failure of this package has in common: a `code` that a program can test, and a sentence that
 * names what was wrong, where, and what to do. The floors above derive their own class from it:
 * `DataLinkError`, `MiniSeedError`, `SignalError`, `ArchiveError`.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
