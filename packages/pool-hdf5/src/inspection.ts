/** What {@link HDF5Pool.inspect} says of one object, or of one link that leads nowhere in the file. */
export interface HDF5Object {
  /** Where it is in the file, such as `/group/dataset`. */
  readonly path: string;
  readonly kind:
    | "group"
    | "dataset"
    | "datatype"
    | "soft link"
    | "external link"
    | "other"
    | "damaged";
  /** The key, where the file is a pool's and the dataset is a value of it. */
  readonly key?: string;
  /**
   * Of a dataset: by LAILA's names (`int32`, `float64`, `complex128`, `bool` …), or `text` (any length), `text[12]`
   * (bytes of UTF-8 or ASCII), `compound`, `array`, `enum`, `list`, `opaque`, `bits`, `reference`, `time`.
   */
  readonly dtype?: string;
  /** True for numbers that are not little endian. */
  readonly bigEndian?: true;
  /** Of a dataset: `[]` is a single value, null is none at all. */
  readonly shape?: readonly number[] | null;
  /** Bytes of its elements before any filter; of a text of any length, those of its reference. */
  readonly bytes?: number;
  /** Of a dataset that is stored in chunks: their shape, and the filters that they go through, by HDF5's names. */
  readonly chunks?: readonly number[];
  readonly filters?: readonly string[];
  /** The names of its attributes. */
  readonly attributes?: readonly string[];
  /** Of a link: where it points, as it is written there. It was not followed. */
  readonly target?: string;
  /** Of a damaged object: what the HDF5 library said. */
  readonly problem?: string;
}

/** What an HDF5 file holds. */
export interface HDF5Inspection {
  /** Absolute. */
  readonly path: string;
  /** Of the file, in bytes. */
  readonly size: number;
  /** Where the file says that it is LAILA's: whose, and which. It may say so wrongly. */
  readonly laila?: {
    readonly kind: string;
    readonly format: number | undefined;
    readonly poolId: string | undefined;
    /** How many journals went into it. */
    readonly generation: number | undefined;
  };
  readonly attributes: readonly string[];
  readonly objects: readonly HDF5Object[];
}
