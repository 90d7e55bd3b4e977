#!/bin/sh
# Checks, trains, evaluates, tests and ships a model: sh ci/run.sh all, or only some of check, train, evaluate, smoke
# and ship. Written by `discern ship ci`. Any of the variables below can be set from outside.
set -eu
cd "$(dirname "$0")/.."

: "${PYTHON:=python}"
[ -n "${DATA:-}" ] || DATA=@DATA@
[ -n "${TEST:-}" ] || TEST=@TEST@
[ -n "${AT_LEAST:-}" ] || AT_LEAST=@AT_LEAST@
[ -n "${CHECK:-}" ] || CHECK=@CHECK@
[ -n "${DEPLOY:-}" ] || DEPLOY=@DEPLOY@
: "${OUT:=ci-out}"

NAME=@NAME@
SHA256=@DIGEST@
BUNDLE=$OUT/$NAME/model.discern

discern() {
    echo "+ discern $*" >&2
    "$PYTHON" -m discern "$@"
}

check() {
    rm -rf "$OUT/check"
    if [ "$CHECK" = strict ]; then
        discern check "$DATA" --like ci/run --name check --runs "$OUT" --strict
    else
        discern check "$DATA" --like ci/run --name check --runs "$OUT"
    fi
}

train() {
    rm -rf "${OUT:?}/$NAME"
    discern train "$DATA" --like ci/run --name "$NAME" --runs "$OUT"
    made=$("$PYTHON" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$BUNDLE")
    if [ "$made" = "$SHA256" ]; then
        echo "The bundle is the committed one, byte for byte: $made"
    else
        echo "The bundle is another than the committed one, by other pictures, versions or processors: $made"
        discern diff ci/run "$OUT/$NAME"
        [ "${REPRODUCE:-}" != 1 ] || exit 1
    fi
}

# The accuracy of predictions by models that had not learned the picture, where the training keeps no test part.
held_out() {
    "$PYTHON" - "$OUT/$NAME/metrics.json" $AT_LEAST <<'PY'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    found = json.load(file)["accuracy"]["leak_free"]
floor = max(float(each.removeprefix("accuracy=")) for each in sys.argv[2:])
print("held-out accuracy: {value:.3f} ({low:.3f} to {high:.3f})".format(**found), "at least", floor)
if found["low"] < floor:
    print("FELL SHORT: accuracy may be below its minimum")
    sys.exit(1)
PY
}

evaluate() {
    [ "$TEST" != held-out ] || { held_out; return; }
    rm -rf "$OUT/evaluation"
    set --
    for floor in $AT_LEAST; do
        set -- "$@" --at-least "$floor"
    done
    discern evaluate "$BUNDLE" "$TEST"@WORDS@ "$@" --name evaluation --runs "$OUT"
}

smoke() {
    discern verify "$BUNDLE"
    found=
    for picture in ci/example.*; do
        [ ! -f "$picture" ] || { discern predict "$BUNDLE" "$picture" --json; found=1; }
    done
    [ -n "$found" ] || echo "There is no picture ci/example.* to classify."
}

ship() {
    rm -rf "$OUT/ship"
    yes=
    case $DEPLOY in
        lambda | site) [ -z "${AWS_ACCESS_KEY_ID:-}" ] || yes=--yes ;;
    esac
    discern ship "$DEPLOY" "$BUNDLE" --out "$OUT/ship" ${BUDGET:+--budget "$BUDGET"} $yes
}

mkdir -p "$OUT"
[ $# -gt 0 ] || set -- all
for step in "$@"; do
    case $step in
        check | train | evaluate | smoke | ship) "$step" ;;
        all) check; train; evaluate; smoke; ship ;;
        *) echo "Unknown step: $step. Use check, train, evaluate, smoke, ship or all." >&2; exit 2 ;;
    esac
done
