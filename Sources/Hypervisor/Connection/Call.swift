internal import CLibvirt
internal import Glibc

/// One call into libvirt, on the thread that makes it: the connection, what is being done, and how results are taken.
///
/// libvirt keeps its last error by thread, so everything here is synchronous.
struct Call {
    let connection: virConnectPtr
    let operation: String
    let host: String

    func failure() -> HypervisorError { .last(operation: operation, host: host) }

    func failure(_ code: HypervisorError.Code, _ message: String) -> HypervisorError {
        HypervisorError(code: code, message: message, operation: operation, host: host)
    }

    /// The result of a libvirt function that answers -1 for failure.
    @discardableResult
    func check(_ status: Int32) throws(HypervisorError) -> Int32 {
        guard status >= 0 else { throw failure() }
        return status
    }

    /// The result of a libvirt function that answers NULL for failure.
    func require(_ pointer: OpaquePointer?) throws(HypervisorError) -> OpaquePointer {
        guard let pointer else { throw failure() }
        return pointer
    }

    /// A string that libvirt made for us; freed here.
    func string(_ text: UnsafeMutablePointer<CChar>?) throws(HypervisorError) -> String {
        guard let text else { throw failure() }
        defer { free(text) }
        return String(cString: text)
    }

    /// A document that libvirt made for us; freed here.
    func document(_ text: UnsafeMutablePointer<CChar>?) throws(HypervisorError) -> XMLElement {
        let text = try string(text)
        do {
            return try XMLElement(reading: text)
        } catch {
            throw .unreadable(operation, host: host, error)
        }
    }

    /// Objects of one of libvirt's `List...` functions, given to `body` one by one and released.
    func each<Answer>(
        _ list: (UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>) -> Int32,
        release: (OpaquePointer?) -> Int32, _ body: (OpaquePointer) throws(HypervisorError) -> Answer?
    ) throws(HypervisorError) -> [Answer] {
        var objects: UnsafeMutablePointer<OpaquePointer?>?
        let count = Int(try check(list(&objects)))
        defer {
            for index in 0..<count { _ = release(objects?[index]) }
            free(objects)
        }
        var answers: [Answer] = []
        for index in 0..<count {
            guard let object = objects?[index], let answer = try body(object) else { continue }
            answers.append(answer)
        }
        return answers
    }

    /// The text of a UUID that libvirt writes into a buffer of its own fixed size.
    func uuid(_ fill: (UnsafeMutablePointer<CChar>) -> Int32) throws(HypervisorError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(VIR_UUID_STRING_BUFLEN))
        let status = buffer.withUnsafeMutableBufferPointer { $0.baseAddress.map(fill) ?? -1 }
        try check(status)
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
