/* SPDX-License-Identifier: Apache-2.0 */
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** One row of the table cases.txt, whose head describes the form. */
final class Case {
    /** One exposure: what is asked for and what must come of it. */
    record Wish(String exposure, String listener, String port, String protocol, String host,
                String endpointPort, String outcome, String expectedProtocol) {
        String spec() {
            return exposure + "=" + listener + ":" + port + ":" + protocol;
        }

        String endpoint() {
            return (host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host) + ":"
                + endpointPort;
        }
    }

    private static final String QUORUM = "controller.quorum.voters=0@localhost:9093";
    private static final Map<String, List<String>> BASES = Map.of(
        "zk", List.of("broker.id=0", "zookeeper.connect=zk:2181"),
        "combined", List.of("node.id=0", "process.roles=broker,controller",
            "controller.listener.names=CONTROLLER", QUORUM),
        "broker", List.of("node.id=1", "process.roles=broker",
            "controller.listener.names=CONTROLLER", QUORUM),
        "controller", List.of("node.id=0", "process.roles=controller",
            "controller.listener.names=CONTROLLER", QUORUM),
        "none", List.of());

    final String name;
    final int line;
    final List<String> file = new ArrayList<>();
    final List<String> arguments = new ArrayList<>();
    final List<Wish> wishes = new ArrayList<>();
    final List<String> taken = new ArrayList<>();
    final Set<String> accepted = new TreeSet<>();
    final Set<String> except = new TreeSet<>();
    final Set<String> repaired = new TreeSet<>();
    String newline = "\n";
    final Map<String, String> env = new TreeMap<>();
    String unchanged = "";
    String unchangedByHook = "";
    String rack = "";

    private Case(String name, int line) {
        this.name = name;
        this.line = line;
    }

    String fileText() {
        return String.join(newline, file) + (file.isEmpty() ? "" : newline);
    }

    static List<Case> read(Path table) throws IOException {
        List<Case> cases = new ArrayList<>();
        List<String> lines = Files.readAllLines(table);
        for (int i = 0; i < lines.size(); i++) {
            String text = lines.get(i);
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            if (text.startsWith("case: ")) {
                cases.add(new Case(text.substring(6), i + 1));
                continue;
            }
            try {
                cases.get(cases.size() - 1).add(text);
            } catch (RuntimeException e) {
                throw new IOException(table + ":" + (i + 1) + ": cannot read '" + text + "'", e);
            }
        }
        return cases;
    }

    private void add(String text) {
        if (text.startsWith(">")) {
            file.add(text.length() > 1 ? text.substring(2) : "");
            return;
        }
        String[] parts = text.split(": ?", 2);
        String value = parts[1];
        switch (parts[0]) {
            case "base" -> file.addAll(BASES.get(value));
            case "newline" -> newline = unescape(value);
            case "override" -> arguments.addAll(List.of("--override", unescape(value)));
            case "argument" -> arguments.add(unescape(value));
            case "want" -> wishes.add(wish(value));
            case "taken" -> taken.add(value);
            case "unchanged" -> unchanged = value;
            case "hook" -> unchangedByHook = value;
            case "rack" -> rack = value;
            case "env" -> env.put(value.split("=", 2)[0], value.split("=", 2)[1]);
            case "kafka" -> accepted.addAll(List.of(value.split(" ")));
            case "except" -> except.addAll(List.of(value.split(" ")));
            case "repairs" -> repaired.addAll(List.of(value.split(" ")));
            default -> throw new IllegalArgumentException(parts[0]);
        }
    }

    private static Wish wish(String value) {
        String[] words = value.split(" +");
        String[] spec = words[0].split("[=:]");
        int colon = words[1].lastIndexOf(':');
        return new Wish(spec[0], spec[1], spec[2], spec[3], words[1].substring(0, colon),
            words[1].substring(colon + 1), words.length > 2 ? words[2] : "",
            words.length > 3 ? words[3] : "");
    }

    private static String unescape(String text) {
        return text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r");
    }
}
