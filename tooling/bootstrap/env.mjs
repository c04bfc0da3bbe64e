// npm hands its whole configuration to what it starts, as npm_config_* and npm_package_*. pnpm
// would read those as its own settings, so only what says how to reach a registry stays.
const aboutTheRegistry =
  /^npm_config_(registry|@.+|.*proxy|noproxy|ca|cafile|cert|key|strict_ssl|fetch_.+|cache|userconfig|globalconfig|_.+|\/\/.+)$/;
const writtenByNpm = /^(npm_.+|INIT_CWD|PNPM_PACKAGE_NAME|PNPM_SCRIPT_SRC_DIR)$/;

/**
 * The environment for pnpm, turbo and npm: as the user set it, quiet, and not phoning home.
 *
 * @returns {Record<string, string | undefined>}
 */
export const cleanEnv = (env = process.env) => ({
  ...Object.fromEntries(
    Object.entries(env).filter(([name]) => aboutTheRegistry.test(name) || !writtenByNpm.test(name)),
  ),
  // Against our .npmrc: npm below us reports errors to people.
  npm_config_json: "false",
  DO_NOT_TRACK: "1",
  TURBO_TELEMETRY_DISABLED: "1",
  TURBO_NO_UPDATE_NOTIFIER: "1",
  NO_UPDATE_NOTIFIER: "1",
});
