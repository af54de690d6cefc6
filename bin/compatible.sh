# Sourced by the commands that are named as programs on OpenBSD are: what they have in common. Expects $name and $bin.
node=$(command -v node) || { echo "$name: node is not on the PATH; install Node.js 20.19 or newer" >&2; exit 1; }

# A client daemon: in the foreground (-d) it is `leasehold run` with other files, and $1 for a configuration that is not there; all else,
# wrong usage too, is for its own bundle.
daemon() {
  absent=$1
  shift
  foreground= other= file= socket= define= compat= level=info
  case $name in ypldap) flags=:C:D:df:ns:v ;; *) flags=:df:ns:v ;; esac
  while getopts "$flags" flag; do
    case $flag in
      C) compat=1; [ "$OPTARG" = compat ] || other=1 ;;
      d) foreground=1 ;;
      D) define="$define${define:+
}$OPTARG" ;;
      f) file=$OPTARG ;;
      s) socket=$OPTARG ;;
      v) level=debug ;;
      *) other=1 ;;
    esac
  done
  [ $# -lt "$OPTIND" ] || other=1
  if [ -z "$foreground" ] || [ -n "$other" ] || [ "$(id -u)" != 0 ]; then exec "$node" "$bin/../dist/$name.mjs" "$@"; fi
  set -- run --format "$name" --runtime-dir "/run/$name" --state-dir "/var/lib/$name" --log-level "$level"
  if [ -n "$file" ]; then set -- "$@" "--file=$file"; else set -- "$@" "--file=/etc/$name.conf" --absent "$absent"; fi
  if [ -n "$define" ]; then set -- "$@" "--define=$define"; fi
  if [ -n "$compat" ]; then set -- "$@" --compat=warning; fi
  if [ -n "$socket" ]; then set -- "$@" "--control-socket=$socket"; fi
  exec "$bin/leasehold" "$@"
}
