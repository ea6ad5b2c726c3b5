/** What an error of the API is made of. */

export interface ErrorDetails {
  readonly body: Readonly<Record<string, unknown>>;
  /** The names of the arguments by their names in JSON. */
  readonly names: ReadonlyMap<string, string>;
}
