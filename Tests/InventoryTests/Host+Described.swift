import Inventory
import Values

extension Host {
    /// All of it, what is not set left out.
    var described: Value {
        var result = Mapping()
        func put(_ key: String, _ value: String?) { result[key] = value.map { Value($0) } }
        put("name", name)
        put("address", address)
        put("port", port.map(String.init))
        put("user", user)
        put("identity", identity)
        put("identity_passphrase_command", identityPassphraseCommand)
        put("password_command", passwordCommand)
        put("become", become?.rawValue)
        put("become_user", becomeUser)
        put("become_password_command", becomePasswordCommand)
        put("jump", jump)
        put("connection", connection == .ssh ? nil : connection.rawValue)
        put("uri", uri)
        if !roles.isEmpty { result["roles"] = Value(roles.map { Value($0) }) }
        if !groups.isEmpty { result["groups"] = Value(groups.map { Value($0) }) }
        if !vars.isEmpty { result["vars"] = Value(vars) }
        if !facts.isEmpty { result["facts"] = Value(facts) }
        if !pki.names.isEmpty { result["pki.names"] = Value(pki.names.map { Value($0) }) }
        if !pki.addresses.isEmpty { result["pki.addresses"] = Value(pki.addresses.map { Value($0) }) }
        return Value(result)
    }
}
