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

/** Cut one network's part out of the study's values (task, architecture, regime, replicate, ...). */
function matricesOf(study, values, condition) {
  const { tasks, architectures, regimes, replicates, shape } = study;
  let index = tasks.findIndex((task) => task.name === condition.task);
  index = index * architectures.length + architectures.indexOf(condition.architecture);
  index = index * regimes.length + regimes.indexOf(condition.regime);
  index = index * replicates + condition.replicate;
  const size = shape[0] * shape[1] * shape[2];
  return new Matrices(values.subarray(index * size, (index + 1) * size), shape);
}
