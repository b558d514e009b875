// What an answer says: class, probability, the set of possible classes, whether the image is of the model's kind.
import { state } from "./state.js";

const fround = Math.fround;

const outputOf = (answer, name, task, first) => answer[first ? name : `${name}_${task.name}`];

// One entry a task: { task, probabilities, best, set (places), coarse }.
export function readAnswer(answer) {
  return state.about.tasks.map((task, place) => {
    const probabilities = Array.from(outputOf(answer, "probabilities", task, place === 0));
    const best = probabilities.indexOf(Math.max(...probabilities));
    return { task, probabilities, best, set: setOf(task, probabilities, best), coarse: coarseOf(task, probabilities) };
  });
}

// The sums of lsl_shared.measures.conformal, in float32 as there.
function setOf(task, probabilities, best) {
  if (task.kind === "terms") return probabilities.flatMap((one, k) => (one >= fround(task.thresholds[k]) ? [k] : []));
  const bound = task.conformal_threshold;
  return probabilities.flatMap((one, k) => (k === best || (bound !== null && fround(1 - one) <= fround(bound)) ? [k] : []));
}

// The likeliest coarse class: its fine ones taken together.
function coarseOf(task, probabilities) {
  if (!task.parent) return null;
  const sums = task.parent_classes.map(() => 0);
  task.parent_index.forEach((parent, k) => { sums[parent] += probabilities[k]; });
  const best = sums.indexOf(Math.max(...sums));
  return { task: task.parent, name: task.parent_classes[best], probability: sums[best] };
}

// true, false, or null where the model cannot tell.
export function isOutside(answer) {
  const bound = state.about.scope_threshold;
  if (bound === null || bound === undefined || !answer.scope_distance) return null;
  return answer.scope_distance[0] > fround(bound);
}

const length = (values) => Math.sqrt(values.reduce((sum, one) => sum + one * one, 0)) || 1;

// The references by the cosine of their features to those of an answer, the most alike first.
export function alike(answer, most) {
  const own = length(answer.features);
  return state.about.references
    .map((reference, place) => ({ place, likeness: reference.features.reduce((sum, one, k) => sum + one * answer.features[k], 0) / own / length(reference.features) }))
    .sort((one, other) => other.likeness - one.likeness)
    .slice(0, most);
}
