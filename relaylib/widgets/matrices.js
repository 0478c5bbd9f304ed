// Information matrices of one network, and their similarity from step to step.

/** Pearson correlation of two equally long arrays; NaN where one is constant. */
function pearson(x, y) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let index = 0; index < x.length; index++) {
    const [dx, dy] = [x[index] - meanX, y[index] - meanY];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : NaN;
}

/** One network's information matrices: values (time x concept x node) and their correlations. */
class Matrices {
  constructor(values, shape) {
    this.values = values;
    [this.nTimes, this.nConcepts, this.nNodes] = shape;
  }
  matrix(time) {
    const size = this.nConcepts * this.nNodes;
    return this.values.subarray((time - 1) * size, time * size);
  }
  bits(time, concept, node) {
    return this.values[((time - 1) * this.nConcepts + concept) * this.nNodes + node - 1];
  }
  /** Similarity r of the matrix at `time` to the one a step before. */
  similarity(time) {
    return time < 2 ? NaN : pearson(this.matrix(time - 1), this.matrix(time));
  }
  /** Mean similarity of the steps in (from, to]; undefined ones are left out. */
  meanSimilarity(from, to) {
    const all = [];
    for (let time = from + 1; time <= to; time++) all.push(this.similarity(time));
    const known = all.filter((r) => !Number.isNaN(r));
    return known.length ? known.reduce((sum, r) => sum + r, 0) / known.length : NaN;
  }
}

/** Where a network lies among all (task, architecture, regime, replicate); an error if nowhere. */
function placeOf({ tasks, architectures, regimes, replicates }, condition) {
  const [task, architecture, regime] = [
    tasks.findIndex(({ name }) => name === condition.task),
    architectures.indexOf(condition.architecture), regimes.indexOf(condition.regime),
  ];
  const isNumber = Number.isInteger(condition.replicate) && condition.replicate < replicates;
  if (Math.min(task, architecture, regime, condition.replicate) < 0 || !isNumber) {
    throw new RangeError(`no network ${JSON.stringify(condition)}`);
  }
  return ((task * architectures.length + architecture) * regimes.length + regime) * replicates + condition.replicate;
}

/** Cut one network's part out of the study's values, or return null while these are not here. */
function matricesOf(study, values, condition) {
  const [place, size] = [placeOf(study, condition), study.shape.reduce((a, b) => a * b)];
  return values && new Matrices(values.subarray(place * size, (place + 1) * size), study.shape);
}
