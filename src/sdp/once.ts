/** What follows from lists of formats. A far end says the same of its codecs call after call, and what is read of that are the
 * same objects (description.ts), which nobody changes: so what follows from one of them, or from two, is worked out once. */

export function onceFor<A extends object, Result>(work: (a: A) => Result): (a: A) => Result {
  const known = new WeakMap<A, Result>();
  return (a) => {
    let result = known.get(a);
    if (result === undefined) known.set(a, (result = work(a)));
    return result;
  };
}

export function onceForBoth<A extends object, B extends object, Result>(
  work: (a: A, b: B) => Result,
): (a: A, b: B) => Result {
  const after = onceFor((a: A) => onceFor((b: B) => work(a, b)));
  return (a, b) => after(a)(b);
}
