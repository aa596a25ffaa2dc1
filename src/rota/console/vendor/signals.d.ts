// For the type checker only (make check): the types are those of the package.
export * from "@preact/signals";
