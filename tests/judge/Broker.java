/* SPDX-License-Identifier: Apache-2.0 */
import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;

/**
 * Kafka of one version, behind a class loader of its own. Everything goes by reflection, because
 * names and types of the accessors differ between versions.
 */
final class Broker {
    /** One listener as Kafka understood it. */
    record Listener(String name, String host, int port, String protocol) {}

    /** All that Kafka understood of a configuration, or why it refused it. */
    record Config(String refusal, List<Listener> listeners, List<Listener> advertised,
                  Map<String, String> map, String interBroker, List<String> controllers,
                  Properties properties) {
        boolean refused() {
            return refusal != null;
        }
    }

    final String version;
    private final URLClassLoader loader;
    private final Class<?> config;

    Broker(String version, File jars) throws Exception {
        this.version = version;
        List<URL> urls = new ArrayList<>();
        for (File jar : jars.listFiles((dir, name) -> name.endsWith(".jar"))) {
            urls.add(jar.toURI().toURL());
        }
        loader = new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
        enter();
        config = loader.loadClass("kafka.server.KafkaConfig");
        forbidExit();
    }

    boolean before3() {
        return Integer.parseInt(version.substring(0, version.indexOf('.'))) < 3;
    }

    /** Kafka looks for its own classes with the loader of the thread. */
    private void enter() {
        Thread.currentThread().setContextClassLoader(loader);
    }

    /** Kafka ends the JVM on bad arguments; here that is an exception. */
    private void forbidExit() throws Exception {
        Class<?> exit = loader.loadClass("org.apache.kafka.common.utils.Exit");
        Class<?> procedure = loader.loadClass("org.apache.kafka.common.utils.Exit$Procedure");
        Object thrower = Proxy.newProxyInstance(loader, new Class<?>[] {procedure},
            (proxy, method, args) -> {
                throw new IllegalStateException("Kafka would exit: " + args[1]);
            });
        exit.getMethod("setExitProcedure", procedure).invoke(null, thrower);
    }

    /** What follows kafka.Kafka on the command line, read by Kafka itself. */
    Properties properties(List<String> arguments) throws Exception {
        enter();
        Class<?> main = loader.loadClass("kafka.Kafka");
        try {
            Object args = arguments.toArray(new String[0]);
            return (Properties) main.getMethod("getPropsFromArgs", String[].class).invoke(null, args);
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException(e.getCause().toString(), e.getCause());
        }
    }

    Config read(Properties properties) throws Exception {
        enter();
        try {
            Object kafka = config.getMethod("fromProps", Properties.class).invoke(null, properties);
            return new Config(null, listeners(kafka, "listeners"),
                listeners(kafka, "effectiveAdvertisedBrokerListeners",
                    "effectiveAdvertisedListeners", "advertisedListeners"),
                map(call(kafka, "effectiveListenerSecurityProtocolMap",
                    "listenerSecurityProtocolMap")),
                call(kafka, "interBrokerListenerName") + " "
                    + call(kafka, "interBrokerSecurityProtocol"),
                strings(call(kafka, "controllerListenerNames")), properties);
        } catch (InvocationTargetException e) {
            return new Config(String.valueOf(e.getCause().getMessage()), null, null, null, null,
                null, properties);
        }
    }

    /** The first of these methods that this version has. */
    private static Object call(Object object, String... names) throws Exception {
        for (String name : names) {
            for (Method method : object.getClass().getMethods()) {
                if (method.getName().equals(name) && method.getParameterCount() == 0) {
                    return method.invoke(object);
                }
            }
        }
        throw new NoSuchMethodException(String.join(", ", names));
    }

    /** Java's or Scala's collection as Java's. */
    private Object asJava(Object collection) throws Exception {
        if (collection instanceof Iterable || collection instanceof Map) {
            return collection;
        }
        Class<?> converters = loader.loadClass("scala.jdk.javaapi.CollectionConverters");
        boolean isMap = loader.loadClass("scala.collection.Map").isInstance(collection);
        Class<?> type = loader.loadClass(isMap ? "scala.collection.Map" : "scala.collection.Seq");
        return converters.getMethod("asJava", type).invoke(null, collection);
    }

    private List<String> strings(Object collection) throws Exception {
        List<String> result = new ArrayList<>();
        for (Object element : (Iterable<?>) asJava(collection)) {
            result.add(String.valueOf(element));
        }
        return result;
    }

    private Map<String, String> map(Object collection) throws Exception {
        Map<String, String> result = new TreeMap<>();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) asJava(collection)).entrySet()) {
            result.put((String) call(entry.getKey(), "value"), entry.getValue().toString());
        }
        return result;
    }

    private List<Listener> listeners(Object kafka, String... names) throws Exception {
        Map<String, Listener> result = new LinkedHashMap<>();
        for (Object endpoint : (Iterable<?>) asJava(call(kafka, names))) {
            Object name = call(endpoint, "listener", "listenerName");
            if (name instanceof Optional) {
                name = ((Optional<?>) name).get();
            }
            if (!(name instanceof String)) {
                name = call(name, "value");
            }
            String host = (String) call(endpoint, "host");
            result.put((String) name, new Listener((String) name,
                host == null ? "" : host, (Integer) call(endpoint, "port"),
                call(endpoint, "securityProtocol").toString()));
        }
        return new ArrayList<>(result.values());
    }
}
