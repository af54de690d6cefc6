/** A value with a name: made only by its parser, so that `===`, `Map` and JSON just work. */
declare const brand: unique symbol;
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
