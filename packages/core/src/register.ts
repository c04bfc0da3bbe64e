/**
 * Augment it to give `laila.args` an exact type:
 *
 *     declare module "@laila/core" {
 *       interface Register { args: { AWS_REGION: string } }
 *     }
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be augmented.
export interface Register {}

/** The type of `laila.args`: what {@link Register} says, else anything. */
// biome-ignore lint/suspicious/noExplicitAny: what the user's files hold is known to the user alone.
export type LailaArgs = Register extends { readonly args: infer A } ? A : any;
