// What an answer says: class, probability, the set of possible classes, whether the image is of the model's kind.
import { state } from "./state.js";

const fround = Math.fround;

const outputOf = (answer, name, task, first) => answer[first ? name : `${name}_${task.name}`];

// One entry a task: { task, probabilities, best, set (places), coarse, sure }.
export function readAnswer(answer) {
  return state.about.tasks.map((task, place) => {
    const probabilities = Array.from(outputOf(answer, "probabilities", task, place === 0));
    const best = probabilities.indexOf(Math.max(...probabilities));
    const set = setOf(task, probabilities, best);
    return { task, probabilities, best, set, coarse: coarseOf(task, probabilities), sure: sureOf(task, set) };
  });
}

// The sums of lsl_shared.measures.conformal, in float32 as there.
function setOf(task, probabilities, best) {
  if (task.kind === "terms") return probabilities.flatMap((one, k) => (one >= fround(task.thresholds[k]) ? [k] : []));
  const bound = task.conformal_threshold;
  return probabilities.flatMap((one, k) => (k === best || (bound !== null && fround(1 - one) <= fround(bound)) ? [k] : []));
}

const SHORT = 5;

// The finest answer that a set leaves no doubt about, as lsl_shared.measures.sure has it: of the fine task, of a coarse one,
// a list, or none: { level, names }. null where no set is promised.
function sureOf(task, set) {
  if (task.kind === "terms" || task.conformal_threshold === null) return null;
  const [names, all] = [set.map((k) => task.classes[k]), task.classes.length];
  if (set.length === 1) return { level: task.name, names };
  const holding = task.coarse_tasks.flatMap((coarse) => coarse.allows.flatMap((members, k) => (set.every((one) => members.includes(one)) && members.length < all ? [{ size: members.length, level: coarse.name, names: [coarse.classes[k]] }] : [])));
  if (holding.length) return holding.reduce((one, other) => (other.size < one.size ? other : one));
  return set.length <= Math.min(SHORT, all - 1) ? { level: "list", names } : { level: "none", names: [] };
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
