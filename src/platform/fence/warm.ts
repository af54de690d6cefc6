/** Touches what Node makes on first use and could not make behind the fence: it would need files or a new thread. */

/** Synchronous, and makes no system call that could come late: the fence may close right after. */
export function warmUp(options: { readonly threadPool: boolean }): void {
  void process.stdout;
  void process.stderr;
  void new Date().toString(); // reads the time zone's file
  void new Error("warm").stack;
  if (options.threadPool) startThreadPool();
}

/**
 * All threads of the pool are made when it gets its first work, before that call returns. The work is a write of nothing
 * to standard error: whenever a thread comes to it, every fence allows it. Not imported: engines carry no file module.
 */
function startThreadPool(): void {
  process.getBuiltinModule("node:fs").write(2, new Uint8Array(0), () => undefined);
}
