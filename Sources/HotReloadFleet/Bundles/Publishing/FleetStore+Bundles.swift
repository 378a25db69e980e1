extension FleetStore {
  /// Puts a bundle into the store, so that it can be proposed. If it is there, nothing is done.
  ///
  /// Files that a bundle in the store has already are not sent again. The manifest, ``FleetKeys/bundle(_:)``, comes last: if
  /// it is there, all of the bundle is. A process that dies before leaves files that the next prune removes. May be called
  /// by any number of processes at once, also while one prunes.
  ///
  /// What is published and not yet named by a proposal may be pruned: propose under the condition that the manifest is present, and if
  /// it is not, publish again.
  /// - Throws: ``StoreError``: that of the last of several requests; `corrupted`; `unavailable` if others publish or prune all the
  ///   time; `cancelled`.
  public func publish(_ bundle: ContentBundle, under keys: FleetKeys) async throws {
    try await BundleExchange(store: self, keys: keys).publish(bundle)
  }

  /// Gets a bundle from the store, and checks each of its bytes; nil if there is none of this digest.
  ///
  /// - Throws: ``StoreError``: `corrupted` if it is not what its digest says; that of the last of several requests; `cancelled`.
  public func bundle(_ digest: BundleDigest, under keys: FleetKeys) async throws -> ContentBundle? {
    try await BundleExchange(store: self, keys: keys).fetch(digest)
  }

  /// Removes all bundles but these, and those that the rollout, what is committed or the proposal name at that moment; and the
  /// files that no bundle needs, also those that a publisher left that died. One that publishes meanwhile begins anew.
  ///
  /// - Throws: ``StoreError``: that of the last of several requests; `corrupted`, `unsupported` if what is in the store cannot be
  ///   read; `cancelled`. What was removed by then stays removed, and the next call goes on.
  public func pruneBundles(keeping: Set<BundleDigest>, under keys: FleetKeys) async throws {
    try await BundleExchange(store: self, keys: keys).prune(keeping: keeping)
  }
}
