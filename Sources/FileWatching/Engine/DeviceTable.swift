/// The file systems that the tree lies on, by a small number, so that a node need not hold the device's.
package struct DeviceTable {
  private var devices: ContiguousArray<UInt64> = []
  private var remote: ContiguousArray<Bool> = []
  private var last: UInt16 = 0

  /// The device's small number, if it was met before.
  @inline(__always)
  mutating func find(_ device: UInt64) -> UInt16? {
    if Int(last) < devices.count, devices[Int(last)] == device { return last }
    guard let index = devices.firstIndex(of: device) else { return nil }
    last = UInt16(index)
    return last
  }

  /// Adds a device. More than 65,535 in one tree share the last number, which only makes renames between them
  /// look possible.
  mutating func add(_ device: UInt64, isRemote: Bool) -> UInt16 {
    if devices.count < Int(UInt16.max) {
      devices.append(device)
      remote.append(isRemote)
    }
    return UInt16(devices.count - 1)
  }

  func device(_ index: UInt16) -> UInt64 {
    Int(index) < devices.count ? devices[Int(index)] : 0
  }

  func isRemote(_ index: UInt16) -> Bool {
    Int(index) < remote.count && remote[Int(index)]
  }

  /// Whether the kernel does not hear of changes made elsewhere on a file system of this type (`f_type` of
  /// `statfs`; numbers from linux/magic.h): NFS, SMB, 9p, FUSE, Ceph, AFS, Coda, NCP, vboxsf, GPFS, Lustre.
  package static func isRemote(fileSystemType type: Int64) -> Bool {
    [
      0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x6573_5546, 0x00C3_6400, 0x5346_414F,
      0x7375_7245, 0x564C, 0x786F_4256, 0x4750_4653, 0x0BD0_0BD0,
    ].contains(type)
  }
}
