package claims;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Flowable's process engine and its REST interface, and nothing of our own. */
@SpringBootApplication
public class Engine {
    public static void main(String[] args) {
        SpringApplication.run(Engine.class, args);
    }
}
