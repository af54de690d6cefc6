/** Two hooks every role calls around its fence. Empty in the program; the security tests bundle roles with attack code in their place. */

/** Called before the fence is up, when files can still be opened. */
export function beforeFence(_role: string): void {}

/** Called right after the fence is up. */
export function afterFence(_role: string): void {}
