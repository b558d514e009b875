#!/bin/bash
# Annotates a store on many machines of a SLURM cluster, without a scheduler of our own: each task of the array makes
# the parts of its share, and a last job joins them. A task that is killed or requeued goes on from its parts.
#
#     bash examples/slurm/annotate.sh store.h5 runs/demo/model 16
#
# STORE, and with it the folder of parts, must lie on a disk that all machines see.
set -euo pipefail
store=$1 model=$2 shards=$3

array=$(sbatch --parsable --job-name=lsl-annotate --array="1-$shards" --cpus-per-task=4 --mem=4G --time=12:00:00 \
    --requeue --wrap "lsl-annotate '$store' --model '$model' --saliency --shard \$SLURM_ARRAY_TASK_ID/$shards")
sbatch --job-name=lsl-join --dependency="afterok:$array" --mem=4G --time=1:00:00 \
    --wrap "lsl-annotate '$store' --model '$model' --join"
