# Makes what there is to hand in: `lab assignment try` runs it here, with the values of a
# student who does not exist in its environment, and then grades what came of it.
# shellcheck shell=bash disable=SC2154
lab build -q --build-arg WORD="$word" -t "$name:clean" .
echo "layers: $(lab inspect --format '{{len .RootFS.Layers}}' "$name:clean")" > answers.yaml
