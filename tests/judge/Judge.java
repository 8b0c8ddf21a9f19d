/* SPDX-License-Identifier: Apache-2.0 */
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * Kafka judges what portside makes of a broker's listener settings: every case of the table goes
 * through the hook and through the planner, and the configuration parser of each Kafka says what
 * the original means and what the results mean.
 *
 * Arguments: table, hook, planner or "-", stand-in start script, scratch folder, then
 * VERSION=FOLDER of jars.
 */
public final class Judge {
    private static final class Tally {
        int accepted;
        int refused;
        int passed;
        int failed;
    }

    private static final class Verdict extends Exception {
        private static final long serialVersionUID = 1L;

        Verdict(String message) {
            super(message);
        }
    }

    private final Delivery delivery;
    private final boolean plans;
    private final Path file;
    private final Map<String, Tally> tallies = new LinkedHashMap<>();
    private final PrintStream out = System.out;

    private Judge(Delivery delivery, boolean plans, Path scratch) {
        this.delivery = delivery;
        this.plans = plans;
        this.file = scratch.resolve("server.properties");
    }

    public static void main(String[] args) throws Exception {
        Path scratch = Path.of(args[4]);
        Files.createDirectories(scratch.resolve("run"));
        Delivery delivery = new Delivery(Path.of(args[1]), Path.of(args[2]), Path.of(args[3]), scratch);
        List<Broker> brokers = new ArrayList<>();
        for (String arg : Arrays.asList(args).subList(5, args.length)) {
            String[] parts = arg.split("=", 2);
            brokers.add(new Broker(parts[0], Path.of(parts[1]).toFile()));
        }
        Judge judge = new Judge(delivery, !args[2].equals("-"), scratch);
        List<Case> cases = Case.read(Path.of(args[0]));
        judge.hear(cases, brokers);
        System.exit(judge.close(cases.size(), brokers.size()) ? 0 : 1);
    }

    private void hear(List<Case> cases, List<Broker> brokers) throws Exception {
        for (Case c : cases) {
            Files.write(file, c.fileText().getBytes(StandardCharsets.ISO_8859_1));
            for (Broker broker : brokers) {
                if (c.except.contains(major(broker))) {
                    continue;
                }
                Tally tally = tallies.computeIfAbsent(broker.version, v -> new Tally());
                try {
                    hear(c, broker, tally);
                    tally.passed++;
                } catch (Verdict e) {
                    tally.failed++;
                    out.printf("FAIL line %d, Kafka %s: %s%n     %s%n", c.line, broker.version,
                        c.name, e.getMessage());
                }
            }
        }
    }

    private void hear(Case c, Broker broker, Tally tally) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(file.toString()));
        arguments.addAll(c.arguments);
        Properties properties = broker.properties(arguments);
        Broker.Config original = broker.read(copy(properties));
        String major = major(broker);
        tally.accepted += original.refused() ? 0 : 1;
        tally.refused += original.refused() ? 1 : 0;
        check(original.refused() != c.accepted.contains(major), original.refused()
            ? "Kafka refuses the original: " + original.refusal() : "Kafka accepts the original");
        Delivery.Result hook = delivery.hook(c, file, broker.before3());
        Broker.Config byHook = broker.read(broker.properties(hook.arguments()));
        judge(c, major, original, hook, byHook, arguments);
        if (!plans || !c.unchangedByHook.isEmpty()) {
            return;
        }
        Delivery.Result plan = delivery.plan(c, properties, broker.before3());
        Broker.Config byPlan = broker.read(copy(plan.properties()));
        judge(c, major, original, plan, byPlan, null);
        for (String setting : Delivery.SETTINGS) {
            String ours = String.valueOf(plan.properties().getProperty(setting));
            String theirs = String.valueOf(byHook.properties().getProperty(setting));
            check(normal(ours).equals(normal(theirs)),
                "hook and planner differ in " + setting + ": '" + theirs + "', '" + ours + "'");
        }
    }

    private static String major(Broker broker) {
        return broker.version.substring(0, broker.version.indexOf('.'));
    }

    /** The deliveries may differ in what Kafka itself ignores: case of protocols. */
    private static String normal(String value) {
        return value.replace(" ", "").toUpperCase(Locale.ROOT);
    }

    private static Properties copy(Properties properties) {
        Properties result = new Properties();
        result.putAll(properties);
        return result;
    }

    private static void check(boolean holds, String message) throws Verdict {
        if (!holds) {
            throw new Verdict(message);
        }
    }

    private void judge(Case c, String major, Broker.Config original, Delivery.Result result,
                       Broker.Config config, List<String> arguments) throws Verdict {
        String by = arguments == null ? "planner: " : "hook: ";
        String unchanged = c.unchanged.isEmpty() ? c.unchangedByHook : c.unchanged;
        check(result.reason().equals(unchanged), by + "expected '" + unchanged
            + "' as the reason for no change, got '" + result.reason() + "' (" + result.said().trim()
            + ")");
        if (!unchanged.isEmpty()) {
            check(config.properties().equals(original.properties()), by + "changed the settings");
            check(arguments == null || arguments.equals(result.arguments()),
                by + "changed the arguments");
            return;
        }
        if (original.refused()) {
            check(config.refused() != c.repaired.contains(major), by + (config.refused()
                ? "still refused: " + config.refusal() : "made a refused configuration valid"));
            return;
        }
        check(!config.refused(), by + "Kafka refuses the result: " + config.refusal());
        checkSame(by + "inter-broker listener", original.interBroker(), config.interBroker());
        checkSame(by + "controller names", original.controllers(), config.controllers());
        checkListeners(c, by, major, original, config);
        checkOthers(c, by, original, config, arguments != null);
    }

    private static void checkSame(String what, Object expected, Object actual) throws Verdict {
        check(expected.equals(actual), what + ": expected " + expected + ", got " + actual);
    }

    /** Others as they were, in their order; ours with exactly what was asked for. */
    private static void checkListeners(Case c, String by, String major, Broker.Config original,
                                       Broker.Config config) throws Verdict {
        List<Broker.Listener> bound = new ArrayList<>(original.listeners());
        List<Broker.Listener> advertised = new ArrayList<>(original.advertised());
        Map<String, String> map = new TreeMap<>(original.map());
        for (Case.Wish wish : c.wishes) {
            String name = wish.listener().toUpperCase(Locale.ROOT);
            String protocol = wish.expectedProtocol();
            boolean adopted = wish.outcome().equals("adopted");
            check(adopted || wish.outcome().equals("added"), "the case states no outcome");
            check(bound.stream().anyMatch(l -> l.name().equals(name)) == adopted,
                "the case says " + wish.outcome() + ", Kafka's listeners are " + bound);
            if (!adopted) {
                bound.add(new Broker.Listener(name, "", Integer.parseInt(wish.port()), protocol));
            }
            map.put(name, protocol);
            Broker.Listener ours = new Broker.Listener(name, wish.host().replaceAll("[\\[\\]]", ""),
                Integer.parseInt(wish.endpointPort()), protocol);
            int at = 0;
            while (at < advertised.size() && !advertised.get(at).name().equals(name)) {
                at++;
            }
            if (at < advertised.size()) {
                advertised.set(at, ours);
            } else {
                advertised.add(ours);
            }
        }
        checkSame(by + "listeners", bound, config.listeners());
        checkSame(by + "advertised.listeners", advertised, config.advertised());
        Map<String, String> actual = new TreeMap<>(config.map());
        if (major.equals("2")) {
            // 2.8 maps no controller listener by itself; that ours stands there is no harm.
            actual.keySet().removeIf(name -> original.controllers().contains(name)
                && !map.containsKey(name));
        }
        checkSame(by + "protocol map", map, actual);
    }

    /** No other property changes, but for the rack and what the mirrored listener lends. */
    private static void checkOthers(Case c, String by, Broker.Config original, Broker.Config config,
                                    boolean takesOver) throws Verdict {
        Properties expected = copy(original.properties());
        Properties actual = copy(config.properties());
        for (String setting : Delivery.SETTINGS) {
            expected.remove(setting);
            actual.remove(setting);
        }
        for (String taken : takesOver ? c.taken : List.<String>of()) {
            String[] names = taken.split(" <- ");
            check(original.properties().containsKey(names[1]), "no such setting: " + names[1]);
            expected.setProperty(names[0], original.properties().getProperty(names[1]));
        }
        if (takesOver && !c.rack.isEmpty()) {
            expected.putIfAbsent("broker.rack", c.rack);
        }
        checkSame(by + "other properties", new TreeMap<>(expected), new TreeMap<>(actual));
    }

    private boolean close(int cases, int versions) {
        int passed = 0;
        int failed = 0;
        out.printf("%n%-8s %9s %9s %7s %7s%n", "Kafka", "accepted", "refused", "passed", "failed");
        for (Map.Entry<String, Tally> entry : tallies.entrySet()) {
            Tally tally = entry.getValue();
            out.printf("%-8s %9d %9d %7d %7d%n", entry.getKey(), tally.accepted, tally.refused,
                tally.passed, tally.failed);
            passed += tally.passed;
            failed += tally.failed;
        }
        out.printf("%d cases, %d versions of Kafka, %s%n%n", cases, versions,
            plans ? "hook and planner" : "hook only: no planner was given");
        out.printf("%d passed, %d failed, %d skipped%n", passed, failed, 0);
        return failed == 0 && passed > 0;
    }
}
