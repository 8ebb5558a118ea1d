# Commits the workspace on a branch of the run. Arguments: branch, message, then paths.
# The repository's own configuration is never read: git works in a directory of its own, with the repository's objects. So there
# are no hooks, filters, drivers or signing programs, whatever somebody configured.
set -eu
ref=refs/heads/cairn/$1 message=$2 own=$GIT_WORK_TREE/.git
shift 2
no() { printf '%s\n' "$1" >&2; exit 3; }
[ -d "$own" ] || no 'there is no repository here whose .git is a directory'
[ ! -e "$own/reftable" ] || no 'this repository keeps its branches as a reftable, which cannot be written here'
head=$(GIT_DIR=$own git rev-parse --quiet --verify "$ref^{commit}" || GIT_DIR=$own git rev-parse --quiet --verify 'HEAD^{commit}' || :)
format=$(env -u GIT_DIR -u GIT_WORK_TREE git config --file "$own/config" extensions.objectformat || echo sha1)
place=$(mktemp -d)
env -u GIT_DIR -u GIT_WORK_TREE git init --quiet --template= --object-format="$format" "$place"
export GIT_DIR="$place/.git" GIT_OBJECT_DIRECTORY="$own/objects"
mkdir -p "$GIT_DIR/info"
for file in shallow info/exclude; do [ ! -f "$own/$file" ] || cp "$own/$file" "$GIT_DIR/$file"; done
# The user's index spares hashing what did not change. What it has staged does not count.
if [ -n "$head" ]; then
  [ ! -f "$own/index" ] || cp "$own/index" "$GIT_DIR/index"
  git read-tree -m "$head" 2>/dev/null || { rm -f "$GIT_DIR/index"; git read-tree "$head"; }
fi
git add --all -- "$@"
tree=$(git write-tree)
if [ -n "$head" ] && [ "$tree" = "$(git rev-parse "$head^{tree}")" ]; then
  echo 'Nothing differs from the last commit; there is no new one.'
  exit 0
fi
commit=$(printf '%s\n' "$message" | git commit-tree "$tree" ${head:+-p "$head"})
mkdir -p "$(dirname "$own/$ref")" || no "the branch $ref cannot be made beside the branches that there are"
printf '%s\n' "$commit" >"$own/$ref.lock"
mv "$own/$ref.lock" "$own/$ref"
printf 'Committed %s on %s.\n' "$(git rev-parse --short "$commit")" "${ref#refs/heads/}"
if [ -n "$head" ]; then git diff-tree -r --no-renames --name-status "$head" "$commit"; else git ls-tree -r --name-only "$commit"; fi | head -n 100
