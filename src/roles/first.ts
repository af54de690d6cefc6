/** Imported before everything else by every role: without a handler Node opens its inspector on this signal. */
process.on("SIGUSR1", () => undefined);
